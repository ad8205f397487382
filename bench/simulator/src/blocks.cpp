// Blobs in blocks: Put Block, Put Block From URL, Put Block List, Get Block List.
#include <algorithm>

#include "encoding.h"
#include "handlers.h"

namespace {

constexpr size_t kLongestId = 64;

const Block* findBlock(const std::vector<Block>& blocks, std::string_view id) {
  const auto found =
      std::find_if(blocks.begin(), blocks.end(), [&](const Block& block) { return block.id == id; });
  return found == blocks.end() ? nullptr : &*found;
}

Response stage(const Context& context, Container& container, uint64_t size, const std::optional<Md5>& md5) {
  const std::string id = context.request.parameter("blockid");
  const auto decoded = fromBase64(id);
  if (id.empty() || !decoded || decoded->size() > kLongestId) {
    return Response::error(400, "InvalidQueryParameterValue",
                           "Value for one of the query parameters specified in the request URI is invalid.");
  }
  if (!context.settings.forget) {
    auto& uncommitted = container.blocksOf(container.obtain(context.call.name)).uncommitted;
    if (!uncommitted.empty() && uncommitted.front().id.size() != id.size()) {
      return Response::error(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.");
    }
    std::erase_if(uncommitted, [&](const Block& block) { return block.id == id; });
    uncommitted.push_back({id, size});
  }
  Response response(201);
  if (md5) response.with("Content-MD5", toBase64(*md5));
  return response.with("x-ms-request-server-encrypted", "true");
}

/** Their bytes are not kept, so that a blob made of them would not be what was sent. */
std::optional<Response> refuseBlocks(const Context& context, Container*& container) {
  if (!context.isKept) return refuseWriting(context, container);
  return Response::error(400, "UnsupportedHttpVerb",
                         "The simulator keeps whole blobs only, so there are no blocks in a container that "
                         "--keep-container names.");
}

struct ListedBlock {
  /** Latest, Committed or Uncommitted. */
  std::string_view kind;
  std::string id;
};

/** Of an XML that names its blocks so: `<Latest>aWQ=</Latest>`. */
std::vector<ListedBlock> readBlockList(std::string_view xml) {
  std::vector<ListedBlock> listed;
  size_t open;
  while ((open = xml.find('<')) != std::string_view::npos) {
    xml.remove_prefix(open + 1);
    const std::string_view kind = xml.substr(0, xml.find('>'));
    if (kind != "Latest" && kind != "Committed" && kind != "Uncommitted") continue;
    xml.remove_prefix(kind.size() + 1);
    listed.push_back({kind, unescapeXml(xml.substr(0, xml.find('<')))});
    xml.remove_prefix(std::min(xml.find('>'), xml.size()));
  }
  return listed;
}

/** @return the blocks named, in their order; nothing when one is not there */
std::optional<std::vector<Block>> choose(const std::vector<ListedBlock>& listed, const Blocks& blocks) {
  std::vector<Block> chosen;
  for (const auto& [kind, id] : listed) {
    const Block* block = kind == "Committed" ? nullptr : findBlock(blocks.uncommitted, id);
    if (block == nullptr && kind != "Uncommitted") block = findBlock(blocks.committed, id);
    if (block == nullptr) return std::nullopt;
    chosen.push_back(*block);
  }
  return chosen;
}

void appendBlocks(std::string& xml, std::string_view element, const std::vector<Block>& blocks) {
  xml.append("<").append(element).append(">");
  for (const Block& block : blocks) {
    xml.append("<Block><Name>").append(block.id).append("</Name><Size>").append(std::to_string(block.size));
    xml.append("</Size></Block>");
  }
  xml.append("</").append(element).append(">");
}

}  // namespace

Response putBlock(const Context& context) {
  Container* container;
  if (auto refused = refuseBlocks(context, container)) return *refused;
  const GivenMd5 sent(context, "content-md5");
  if (sent.refused) return *sent.refused;
  return stage(context, *container, context.bodyLength, sent.md5 ? sent.md5 : context.bodyMd5);
}

Response putBlockFromUrl(const Context& context) {
  Container* container;
  if (auto refused = refuseBlocks(context, container)) return *refused;
  const CopySource source = CopySource::of(context);
  if (source.refused) return *source.refused;
  const uint64_t length = source.facts->content.length();
  const auto range = readRange(context.request.header("x-ms-source-range"), length);
  if (range && range->count == 0) {
    return Response::error(416, "InvalidRange",
                           "The range specified is invalid for the current size of the resource.");
  }
  return stage(context, *container, range ? range->count : length, std::nullopt);
}

Response putBlockList(const Context& context) {
  Container* container;
  if (auto refused = refuseBlocks(context, container)) return *refused;
  const GivenMd5 stored(context, "x-ms-blob-content-md5", false);
  if (stored.refused) return *stored.refused;
  NewBlob made = {.md5 = stored.md5,
                  .contentType = context.request.header("x-ms-blob-content-type"),
                  .contentHeaders = contentHeadersOf(context.request),
                  .metadata = context.request.headersWith("x-ms-meta-")};
  if (context.settings.forget) return writeBlob(context, *container, std::move(made), 201);

  Blob* blob = container->find(context.call.name);
  const auto blocks = choose(readBlockList(context.text),
                             blob != nullptr && blob->hasBlocks ? container->blocksOf(*blob) : Blocks());
  if (!blocks) return Response::error(400, "InvalidBlockList", "The specified block list is invalid.");
  for (const Block& block : *blocks) made.length += block.size;
  Response response = writeBlob(context, *container, std::move(made), 201);
  container->blocksOf(container->obtain(context.call.name)).committed = *blocks;
  return response;
}

Response getBlockList(const Context& context) {
  Container* container = context.container();
  if (container == nullptr) return containerNotFound();
  Blob* blob = container->find(context.call.name);
  if (blob == nullptr || (!blob->exists && !blob->hasBlocks)) return blobNotFound();
  const Blocks blocks = blob->hasBlocks ? container->blocksOf(*blob) : Blocks();
  const std::string type = context.request.parameter("blocklisttype");
  std::string xml = "<BlockList>";
  appendBlocks(xml, "CommittedBlocks", type == "uncommitted" ? std::vector<Block>() : blocks.committed);
  appendBlocks(xml, "UncommittedBlocks",
               type == "uncommitted" || type == "all" ? blocks.uncommitted : std::vector<Block>());
  Response response = Response::xml(xml + "</BlockList>");
  response.with("x-ms-blob-content-length", std::to_string(blob->length));
  if (blob->exists) addVersion(response, blob->stamp);
  return response;
}
