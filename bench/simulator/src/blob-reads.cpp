// Get Blob and Get Blob Properties, and what a copy reads of its source.
#include "encoding.h"
#include "handlers.h"

namespace {

/** When the sources were made that a rule makes up. */
constexpr uint64_t kSourceStamp = uint64_t{1'700'000'000} << 32;

void describe(Response& response, const Facts& facts) {
  addVersion(response, facts.stamp);
  response.with("Content-Type", facts.contentType).with("Accept-Ranges", "bytes");
  response.with("x-ms-creation-time", httpDate(World::secondsOf(facts.stamp)));
  response.with("x-ms-blob-type", "BlockBlob").with("x-ms-server-encrypted", "true");
  response.with("x-ms-lease-state", nameOf(facts.leaseState));
  response.with("x-ms-lease-status", isHeld(facts.leaseState) ? "locked" : "unlocked");
  if (facts.leaseState == Lease::State::kLeased) {
    response.with("x-ms-lease-duration", facts.leaseEnds ? "fixed" : "infinite");
  }
  response.headers.append(facts.contentHeaders).append(facts.metadata);
}

}  // namespace

std::optional<Facts> lookUp(const Context& context, const BlobAddress& address) {
  const auto account = context.world.accounts.find(address.account);
  if (account != context.world.accounts.end()) {
    const auto container = account->second.containers.find(address.container);
    Blob* blob =
        container == account->second.containers.end() ? nullptr : container->second.find(address.name);
    if (blob != nullptr && blob->exists) {
      Facts facts;
      facts.content = container->second.contentOf(*blob);
      if (blob->hasMd5) facts.md5 = blob->md5;
      facts.stamp = blob->stamp;
      facts.contentType = container->second.contentTypeOf(*blob);
      facts.contentHeaders = container->second.contentHeadersOf(*blob);
      facts.metadata = container->second.metadataOf(*blob);
      facts.blob = blob;
      if (blob->hasLease) {
        const Lease& lease = container->second.leaseOf(*blob);
        facts.leaseId = lease.id;
        facts.leaseState = lease.stateAt(context.time);
        facts.leaseEnds = lease.duration >= 0;
      }
      return facts;
    }
  }
  const auto rule = SourceRule::of(address.container);
  if (!rule || address.name.empty()) return std::nullopt;
  Facts facts;
  facts.content = Content(address.name, rule->lengthOf(address.name));
  if (context.settings.sourceMd5) facts.md5 = facts.content.md5();
  facts.stamp = kSourceStamp;
  facts.contentType = "application/octet-stream";
  return facts;
}

CopySource CopySource::of(const Context& context) {
  const std::string_view url = context.request.header("x-ms-copy-source");
  CopySource source;
  const bool hasAuth = url.find("sig=") != std::string_view::npos ||
                       !context.request.header("x-ms-copy-source-authorization").empty();
  if (context.settings.needAuth && !hasAuth) {
    source.refused = Response::error(403, "CannotVerifyCopySource",
                                     "This request is not authorized to perform this operation.");
    return source;
  }
  source.facts = lookUp(context, BlobAddress::of(url));
  if (!source.facts) {
    source.refused = Response::error(404, "CannotVerifyCopySource", "The specified blob does not exist.");
    return source;
  }
  const std::string_view match = context.request.header("x-ms-source-if-match");
  if (!match.empty() && match != "*" && match != etagOf(source.facts->stamp)) {
    source.refused =
        Response::error(412, "SourceConditionNotMet",
                        "The source condition specified using HTTP conditional header(s) is not met.");
  }
  return source;
}

Response getBlob(const Context& context) {
  if (context.container() == nullptr) return containerNotFound();
  const auto facts = lookUp(context, {context.call.account, context.call.place, context.call.name});
  if (!facts) return blobNotFound();
  if (auto refused = refuseRead(context.request, *facts)) return *refused;

  const uint64_t length = facts->content.length();
  const bool isGet = context.call.operation == Operation::kGetBlob;
  const std::string_view azureRange = context.request.header("x-ms-range");
  std::optional<ByteRange> range;
  if (isGet) range = readRange(azureRange.empty() ? context.request.header("range") : azureRange, length);
  if (range && range->count == 0) {
    return Response::error(416, "InvalidRange",
                           "The range specified is invalid for the current size of the resource.")
        .with("Content-Range", "bytes */" + std::to_string(length));
  }
  Response response(range ? 206 : 200);
  describe(response, *facts);
  response.content = facts->content;
  // What asks for metadata with a GET has no use for the bytes.
  response.contentLength = isGet || context.request.method == "HEAD" ? length : 0;
  if (range) {
    response.contentStart = range->start;
    response.contentLength = range->count;
    const uint64_t last = range->start + range->count - 1;
    response.with("Content-Range", "bytes " + std::to_string(range->start) + "-" + std::to_string(last) +
                                       "/" + std::to_string(length));
  }
  if (facts->md5) response.with(range ? "x-ms-blob-content-md5" : "Content-MD5", toBase64(*facts->md5));
  return response;
}
