// From a request's method and address to what it asks for.
#include "encoding.h"
#include "exchange.h"

namespace {

std::string_view takeSegment(std::string_view& path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const size_t end = path.find('/');
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  return segment;
}

struct Host {
  std::string_view account, service;
};

/** Takes `account.blob.example` apart; empty for `127.0.0.1:10000` and the like. */
Host readHost(std::string_view host) {
  const size_t first = host.find('.');
  if (first == std::string_view::npos) return {};
  const std::string_view rest = host.substr(first + 1);
  const std::string_view service = rest.substr(0, rest.find('.'));
  if (service != "blob" && service != "queue") return {};
  return {host.substr(0, first), service};
}

Operation accountOperation(std::string_view method, const std::string& restype, const std::string& comp,
                           bool isQueue) {
  if (restype == "account") return Operation::kGetAccountInformation;
  if (restype == "service" && comp == "properties") {
    return method == "PUT" ? Operation::kSetServiceProperties : Operation::kGetServiceProperties;
  }
  if (comp == "list" && method == "GET") return isQueue ? Operation::kListQueues : Operation::kListContainers;
  return Operation::kUnknown;
}

Operation containerOperation(std::string_view method, const std::string& restype, const std::string& comp) {
  if (restype == "account") return Operation::kGetAccountInformation;
  if (restype != "container") return Operation::kUnknown;
  if (method == "GET" && comp == "list") return Operation::kListBlobs;
  if (method == "GET" || method == "HEAD") return Operation::kGetContainerProperties;
  if (method == "PUT" && comp.empty()) return Operation::kCreateContainer;
  if (method == "DELETE") return Operation::kDeleteContainer;
  return Operation::kUnknown;
}

Operation blobOperation(const Request& request, const std::string& restype, const std::string& comp) {
  if (restype == "account") return Operation::kGetAccountInformation;
  const bool isCopy = !request.header("x-ms-copy-source").empty();
  if (request.method == "PUT") {
    if (comp == "block") return isCopy ? Operation::kPutBlockFromUrl : Operation::kPutBlock;
    if (comp == "blocklist") return Operation::kPutBlockList;
    if (comp == "lease") return Operation::kLeaseBlob;
    if (comp == "properties" || comp == "metadata" || comp == "tier") return Operation::kSetBlobProperties;
    if (!comp.empty()) return Operation::kUnknown;
    if (!isCopy) return Operation::kPutBlob;
    return request.header("x-ms-blob-type").empty() ? Operation::kCopyBlob : Operation::kPutBlobFromUrl;
  }
  if (request.method == "GET" && comp == "blocklist") return Operation::kGetBlockList;
  if (request.method == "GET" && comp.empty()) return Operation::kGetBlob;
  if (request.method == "HEAD" || request.method == "GET") return Operation::kGetBlobProperties;
  return request.method == "DELETE" ? Operation::kDeleteBlob : Operation::kUnknown;
}

Operation queueOperation(std::string_view method, const std::string& comp) {
  if (comp == "metadata")
    return method == "PUT" ? Operation::kSetQueueMetadata : Operation::kGetQueueMetadata;
  if (method == "PUT") return Operation::kCreateQueue;
  return method == "DELETE" ? Operation::kDeleteQueue : Operation::kUnknown;
}

Operation messageOperation(const Request& request, bool isOne) {
  const std::string_view method = request.method;
  if (isOne) {
    if (method == "PUT") return Operation::kUpdateMessage;
    return method == "DELETE" ? Operation::kDeleteMessage : Operation::kUnknown;
  }
  if (method == "POST") return Operation::kPutMessage;
  if (method == "DELETE") return Operation::kClearMessages;
  return request.parameter("peekonly") == "true" ? Operation::kPeekMessages : Operation::kGetMessages;
}

}  // namespace

Call readCall(const Request& request, bool isQueuePort) {
  const Host host = readHost(request.header("host"));
  const bool isQueue = host.service.empty() ? isQueuePort : host.service == "queue";
  std::string_view rest = request.path;
  Call call;
  call.account = host.service.empty() ? decodePercent(takeSegment(rest)) : host.account;
  call.place = decodePercent(takeSegment(rest));
  const std::string restype = request.parameter("restype"), comp = request.parameter("comp");
  if (isQueue) {
    call.callClass = CallClass::kQueue;
    const bool isMessages = takeSegment(rest) == "messages";
    call.name = decodePercent(takeSegment(rest));
    call.operation = call.place.empty() ? accountOperation(request.method, restype, comp, true)
                     : isMessages       ? messageOperation(request, !call.name.empty())
                                        : queueOperation(request.method, comp);
    return call;
  }
  const bool reads = request.method == "GET" || request.method == "HEAD";
  call.callClass = reads ? CallClass::kRead : CallClass::kWrite;
  call.name = decodePercent(rest.substr(rest.starts_with('/') ? 1 : 0));
  call.operation = call.place.empty()  ? accountOperation(request.method, restype, comp, false)
                   : call.name.empty() ? containerOperation(request.method, restype, comp)
                                       : blobOperation(request, restype, comp);
  return call;
}

BlobAddress BlobAddress::of(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('?'));
  const size_t slash = std::min(url.find('/'), url.size());
  const Host host = readHost(url.substr(0, slash));
  std::string_view path = url.substr(slash);
  BlobAddress address;
  address.account = host.service.empty() ? decodePercent(takeSegment(path)) : host.account;
  address.container = decodePercent(takeSegment(path));
  address.name = decodePercent(path.substr(path.starts_with('/') ? 1 : 0));
  return address;
}
