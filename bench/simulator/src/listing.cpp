// List Blobs: by prefix, in pages, and with a delimiter as folders.
#include <algorithm>

#include "encoding.h"
#include "handlers.h"

namespace {

constexpr uint64_t kLongestPage = 5000;

/** The names of a container in their order: the stored ones, or those that a source's rule lists. */
class Names {
 public:
  Names(Container& container, const std::optional<SourceRule>& rule) {
    if (rule) {
      count_ = rule->count;
    } else {
      sorted_ = &container.sorted();
      count_ = sorted_->size();
    }
  }

  size_t count() const { return count_; }

  std::string at(size_t index) const {
    return sorted_ == nullptr ? SourceRule::nameAt(index) : std::string((*sorted_)[index]->name());
  }

  /** Whether it can be listed; deleted blobs keep their place. */
  bool exists(size_t index) const { return sorted_ == nullptr || (*sorted_)[index]->exists; }

  /** The first that does not come before this one. */
  size_t firstFrom(std::string_view name) const {
    size_t low = 0, high = count_;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      at(middle) < name ? low = middle + 1 : high = middle;
    }
    return low;
  }

 private:
  const std::vector<Blob*>* sorted_ = nullptr;
  size_t count_ = 0;
};

/** The least text that comes after all that begin with this one. */
std::string afterAllWith(std::string prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 255) prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

/** From lines like `x-ms-meta-name: value`. */
void appendMetadata(std::string& xml, std::string_view lines) {
  constexpr size_t kPrefix = std::string_view("x-ms-meta-").size();
  xml.append("<Metadata>");
  while (!lines.empty()) {
    const size_t colon = lines.find(": "), end = lines.find("\r\n");
    const std::string name(lines.substr(kPrefix, colon - kPrefix));
    xml.append("<").append(name).append(">").append(escapeXml(lines.substr(colon + 2, end - colon - 2)));
    xml.append("</").append(name).append(">");
    lines.remove_prefix(end + 2);
  }
  xml.append("</Metadata>");
}

void appendBlob(std::string& xml, const std::string& name, const Facts& facts, bool withMetadata) {
  const auto element = [&xml](std::string_view key, std::string_view value) {
    xml.append("<").append(key).append(">").append(value).append("</").append(key).append(">");
  };
  const std::string time = httpDate(World::secondsOf(facts.stamp));
  xml.append("<Blob>");
  element("Name", escapeXml(name));
  xml.append("<Properties>");
  element("Creation-Time", time);
  element("Last-Modified", time);
  element("Etag", escapeXml(std::string_view(etagOf(facts.stamp)).substr(1, 18)));
  element("Content-Length", std::to_string(facts.content.length()));
  element("Content-Type", escapeXml(facts.contentType));
  if (facts.md5) element("Content-MD5", toBase64(*facts.md5));
  element("BlobType", "BlockBlob");
  element("LeaseStatus", isHeld(facts.leaseState) ? "locked" : "unlocked");
  element("LeaseState", nameOf(facts.leaseState));
  if (facts.leaseState == Lease::State::kLeased) {
    element("LeaseDuration", facts.leaseEnds ? "fixed" : "infinite");
  }
  element("AccessTier", "Hot");
  element("ServerEncrypted", "true");
  xml.append("</Properties>");
  if (withMetadata) appendMetadata(xml, facts.metadata);
  xml.append("</Blob>");
}

struct Page {
  std::string xml;
  /** Where the next page begins; empty after the last. */
  std::string next;
};

Page readPage(const Context& context, const Names& names, uint64_t most) {
  const std::string prefix = context.request.parameter("prefix"),
                    delimiter = context.request.parameter("delimiter");
  const std::string marker = fromBase64(context.request.parameter("marker")).value_or("");
  const bool withMetadata = context.request.parameter("include").find("metadata") != std::string::npos;
  Page page;
  uint64_t listed = 0;
  for (size_t index = names.firstFrom(std::max(prefix, marker)); index < names.count();) {
    const std::string name = names.at(index);
    if (!name.starts_with(prefix)) break;
    if (!names.exists(index)) {
      ++index;
      continue;
    }
    if (listed++ == most) {
      page.next = toBase64(name);
      break;
    }
    const size_t end = delimiter.empty() ? std::string::npos : name.find(delimiter, prefix.size());
    if (end == std::string::npos) {
      const auto facts = lookUp(context, {context.call.account, context.call.place, name});
      appendBlob(page.xml, name, *facts, withMetadata);
      ++index;
    } else {
      const std::string folder = name.substr(0, end + delimiter.size());
      page.xml.append("<BlobPrefix><Name>").append(escapeXml(folder)).append("</Name></BlobPrefix>");
      index = names.firstFrom(afterAllWith(folder));
    }
  }
  return page;
}

}  // namespace

Response listBlobs(const Context& context) {
  Container* container = context.container();
  if (container == nullptr) return containerNotFound();
  const std::string given = context.request.parameter("maxresults");
  const auto most = given.empty() ? kLongestPage : toNumber(given);
  if (!most || *most == 0) {
    return Response::error(
        400, "OutOfRangeQueryParameterValue",
        "One of the query parameters specified in the request URI is outside the permissible range.");
  }
  const Page page =
      readPage(context, Names(*container, SourceRule::of(context.call.place)), std::min(*most, kLongestPage));
  std::string xml = "<EnumerationResults ContainerName=\"" + escapeXml(context.call.place) + "\">";
  for (const auto& [element, parameter] : {std::pair{"Prefix", "prefix"},
                                           {"Marker", "marker"},
                                           {"MaxResults", "maxresults"},
                                           {"Delimiter", "delimiter"}}) {
    const std::string value = context.request.parameter(parameter);
    if (!value.empty())
      xml.append("<")
          .append(element)
          .append(">")
          .append(escapeXml(value))
          .append("</")
          .append(element)
          .append(">");
  }
  xml.append("<Blobs>")
      .append(page.xml)
      .append("</Blobs><NextMarker>")
      .append(page.next)
      .append("</NextMarker>");
  return Response::xml(xml + "</EnumerationResults>");
}
