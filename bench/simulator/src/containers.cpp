// Containers, and what is asked of a whole account.
#include "encoding.h"
#include "handlers.h"

Response createContainer(const Context& context) {
  auto& containers = context.account().containers;
  const uint64_t stamp = context.world.newStamp();
  if (!containers.try_emplace(context.call.place, stamp).second) {
    return Response::error(409, "ContainerAlreadyExists", "The specified container already exists.");
  }
  Response response(201);
  addVersion(response, stamp);
  return response;
}

Response getContainerProperties(const Context& context) {
  const Container* container = context.container();
  if (container == nullptr) return containerNotFound();
  Response response = context.request.parameter("comp") == "acl"
                          ? Response::xml("<SignedIdentifiers></SignedIdentifiers>")
                          : Response(200);
  addVersion(response, container->stamp);
  return response.with("x-ms-lease-status", "unlocked")
      .with("x-ms-lease-state", "available")
      .with("x-ms-has-immutability-policy", "false")
      .with("x-ms-has-legal-hold", "false");
}

Response deleteContainer(const Context& context) {
  auto& containers = context.account().containers;
  const auto found = containers.find(context.call.place);
  if (found == containers.end()) return containerNotFound();
  containers.erase(found);
  return Response(202);
}

Response listContainers(const Context& context) {
  const std::string prefix = context.request.parameter("prefix");
  std::string xml = "<EnumerationResults><Prefix>" + escapeXml(prefix) + "</Prefix><Containers>";
  for (const auto& [name, container] : context.account().containers) {
    if (!name.starts_with(prefix)) continue;
    xml.append("<Container><Name>").append(escapeXml(name)).append("</Name><Properties><Last-Modified>");
    xml.append(httpDate(World::secondsOf(container.stamp))).append("</Last-Modified><Etag>");
    xml.append(escapeXml(etagOf(container.stamp))).append("</Etag><LeaseStatus>unlocked</LeaseStatus>");
    xml.append("<LeaseState>available</LeaseState></Properties></Container>");
  }
  return Response::xml(xml + "</Containers><NextMarker /></EnumerationResults>");
}

Response getAccountInformation(const Context&) {
  return Response(200).with("x-ms-sku-name", "Standard_LRS").with("x-ms-account-kind", "StorageV2");
}

Response getServiceProperties(const Context&) {
  const std::string off = "<Enabled>false</Enabled>", version = "<Version>1.0</Version>";
  const std::string retention = "<RetentionPolicy>" + off + "</RetentionPolicy>";
  const std::string logging = "<Logging>" + version +
                              "<Delete>false</Delete><Read>false</Read><Write>false</Write>" + retention +
                              "</Logging>";
  const std::string hours = "<HourMetrics>" + version + off + retention + "</HourMetrics>";
  const std::string minutes = "<MinuteMetrics>" + version + off + retention + "</MinuteMetrics>";
  return Response::xml("<StorageServiceProperties>" + logging + hours + minutes +
                       "<Cors /></StorageServiceProperties>");
}

Response setServiceProperties(const Context&) { return Response(202); }
