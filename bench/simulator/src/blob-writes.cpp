// Put Blob, Put Blob From URL, Copy Blob, Set Blob Properties, Delete Blob.
#include "encoding.h"
#include "handlers.h"

namespace {

constexpr size_t kLongestName = 1024;

Response md5Mismatch() {
  return Response::error(
      400, "Md5Mismatch",
      "The MD5 value specified in the request did not match with the MD5 value calculated by the "
      "server.");
}

void setMd5(Blob& blob, const std::optional<Md5>& md5) {
  blob.hasMd5 = md5.has_value();
  if (md5) blob.md5 = *md5;
}

/** The value in lines like `Content-Encoding: gzip`; empty when the name is not there. */
std::string_view valueIn(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    const size_t colon = lines.find(": "), end = lines.find("\r\n");
    if (lines.substr(0, colon) == name) return lines.substr(colon + 2, end - colon - 2);
    lines.remove_prefix(end + 2);
  }
  return {};
}

/** The answer tells the MD5, when it is known. */
Response writeWhole(const Context& context, Container& container, NewBlob made, int status) {
  const auto md5 = made.md5;
  Response response = writeBlob(context, container, std::move(made), status);
  if (md5) response.with("Content-MD5", toBase64(*md5));
  return response;
}

/** @return why there is no room for so many bytes in place of what the blob had */
std::optional<Response> refuseKeeping(const Context& context, Container& container, uint64_t length) {
  const Blob* old = container.find(context.call.name);
  const uint64_t freed = old != nullptr && old->hasBytes ? old->length : 0;
  const uint64_t wanted = context.world.keptBytes - freed + length;
  if (static_cast<double>(wanted) <= context.settings.mostKeptBytes) return std::nullopt;
  return Response::error(413, "RequestBodyTooLarge",
                         "The simulator keeps no more bytes than --keep-bytes says.");
}

Kept keep(const Context& context, std::string bytes) {
  return std::make_shared<const KeptBytes>(std::move(bytes), context.world.keptBytes);
}

Response copy(const Context& context, int status) {
  Container* container;
  if (auto refused = refuseWriting(context, container)) return *refused;
  CopySource source = CopySource::of(context);
  if (source.refused) return *source.refused;
  const Facts& facts = *source.facts;
  const GivenMd5 stored(context, "x-ms-blob-content-md5", false);
  if (stored.refused) return *stored.refused;
  if (const auto expected = toMd5(context.request.header("x-ms-source-content-md5"));
      expected && facts.md5 && *expected != *facts.md5) {
    return md5Mismatch();
  }
  Kept kept;
  if (context.isKept) {
    if (auto refused = refuseKeeping(context, *container, facts.content.length())) return *refused;
    kept = keep(context, facts.content.all());
  }
  const std::string_view contentType = context.request.header("x-ms-blob-content-type");
  // A property that the request names is the request's, the others are the source's; metadata have a rule of their own.
  const bool takesProperties = context.request.header("x-ms-copy-source-blob-properties") != "false";
  const std::string_view sourceType = takesProperties ? facts.contentType : std::string_view();
  std::string metadata = context.request.headersWith("x-ms-meta-");
  return writeWhole(context, *container,
                    {.length = facts.content.length(),
                     .md5 = stored.md5 ? stored.md5 : facts.md5,
                     .contentType = contentType.empty() ? sourceType : contentType,
                     .contentHeaders = contentHeadersOf(
                         context.request, takesProperties ? facts.contentHeaders : std::string_view()),
                     .metadata = metadata.empty() ? std::string(facts.metadata) : std::move(metadata),
                     .kept = std::move(kept)},
                    status);
}

}  // namespace

std::string contentHeadersOf(const Request& request, std::string_view source) {
  std::string lines;
  for (const std::string name : {"Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control"}) {
    const std::string_view given = request.header("x-ms-blob-" + name);
    const std::string_view value = given.empty() ? valueIn(source, name) : given;
    if (!value.empty()) lines.append(name).append(": ").append(value).append("\r\n");
  }
  return lines;
}

GivenMd5::GivenMd5(const Context& context, std::string_view header, bool isOfBody) {
  const std::string_view text = context.request.header(header);
  if (text.empty()) return;
  md5 = toMd5(text);
  if (!md5)
    refused = Response::error(400, "InvalidMd5", "The MD5 value specified in the request is invalid.");
  if (isOfBody && md5 && context.bodyMd5 && *md5 != *context.bodyMd5) refused = md5Mismatch();
}

std::optional<Response> refuseWriting(const Context& context, Container*& container) {
  container = context.container();
  if (container == nullptr) return containerNotFound();
  if (context.call.name.size() > kLongestName) {
    return Response::error(400, "InvalidResourceName",
                           "The specified resource name contains invalid characters.");
  }
  return refuseWrite(context, *container, container->find(context.call.name));
}

Response writeBlob(const Context& context, Container& container, NewBlob made, int status) {
  ++context.world.blobsMade;
  const uint64_t stamp = context.world.newStamp();
  if (!context.forgets()) {
    Blob& blob = container.obtain(context.call.name);
    container.dropBlocks(blob);
    container.setExists(blob, true);
    blob.length = made.length;
    blob.stamp = stamp;
    setMd5(blob, made.md5);
    container.setContentType(blob, made.contentType);
    container.setContentHeaders(blob, std::move(made.contentHeaders));
    container.setMetadata(blob, std::move(made.metadata));
    container.setBytes(blob, std::move(made.kept));
    if (blob.hasLease) container.leaseOf(blob).forgetIfOver(context.time);
  }
  Response response(status);
  addVersion(response, stamp);
  return response.with("x-ms-request-server-encrypted", "true");
}

Response putBlob(const Context& context) {
  const std::string_view type = context.request.header("x-ms-blob-type");
  if (type.empty()) {
    return Response::error(400, "MissingRequiredHeader",
                           "An HTTP header that's mandatory for this request is not specified.");
  }
  if (type != "BlockBlob")
    return Response::error(400, "InvalidBlobType", "The simulator has block blobs only.");
  Container* container;
  if (auto refused = refuseWriting(context, container)) return *refused;
  const GivenMd5 sent(context, "content-md5"), stored(context, "x-ms-blob-content-md5");
  if (sent.refused) return *sent.refused;
  if (stored.refused) return *stored.refused;
  Kept kept;
  if (context.isKept) {
    if (auto refused = refuseKeeping(context, *container, context.bodyLength)) return *refused;
    kept = keep(context, std::string(context.text));
  }
  const std::string_view contentType = context.request.header("x-ms-blob-content-type");
  return writeWhole(
      context, *container,
      {.length = context.bodyLength,
       .md5 = stored.md5 ? stored.md5
              : sent.md5 ? sent.md5
                         : context.bodyMd5,
       .contentType = contentType.empty() ? context.request.header("content-type") : contentType,
       .contentHeaders = contentHeadersOf(context.request),
       .metadata = context.request.headersWith("x-ms-meta-"),
       .kept = std::move(kept)},
      201);
}

Response putBlobFromUrl(const Context& context) {
  if (context.bodyLength > 0) {
    return Response::error(400, "InvalidHeaderValue",
                           "The value for one of the HTTP headers is not in the correct format.")
        .with("x-ms-header-name", "Content-Length");
  }
  return copy(context, 201);
}

Response copyBlob(const Context& context) {
  Response response = copy(context, 202);
  if (response.status < 400) {
    World& world = context.world;
    response.with("x-ms-copy-id", toGuid(world.random.next(), world.random.next()))
        .with("x-ms-copy-status", "success");
  }
  return response;
}

Response setBlobProperties(const Context& context) {
  Container* container = context.container();
  if (container == nullptr) return containerNotFound();
  Blob* blob = container->find(context.call.name);
  if (blob == nullptr || !blob->exists) return blobNotFound();
  if (auto refused = refuseWrite(context, *container, blob)) return *refused;
  const std::string comp = context.request.parameter("comp");
  blob->stamp = context.world.newStamp();
  if (comp == "metadata") container->setMetadata(*blob, context.request.headersWith("x-ms-meta-"));
  if (comp == "properties") {
    setMd5(*blob, toMd5(context.request.header("x-ms-blob-content-md5")));
    container->setContentType(*blob, context.request.header("x-ms-blob-content-type"));
    container->setContentHeaders(*blob, contentHeadersOf(context.request));
  }
  if (blob->hasLease) container->leaseOf(*blob).forgetIfOver(context.time);
  Response response(200);
  addVersion(response, blob->stamp);
  return response;
}

Response deleteBlob(const Context& context) {
  Container* container = context.container();
  if (container == nullptr) return containerNotFound();
  Blob* blob = container->find(context.call.name);
  if (blob == nullptr || !blob->exists) return blobNotFound();
  if (auto refused = refuseWrite(context, *container, blob)) return *refused;
  container->remove(*blob);
  return Response(202).with("x-ms-delete-type-permanent", "true");
}
