// What may keep a call from a blob: If-Match and If-None-Match, and leases.
#include "encoding.h"
#include "handlers.h"

namespace {

Response conditionNotMet() {
  return Response::error(412, "ConditionNotMet",
                         "The condition specified using HTTP conditional header(s) is not met.");
}

/** With or without quotes, as clients send it. */
bool isEtag(std::string_view text, uint64_t stamp) {
  const std::string etag = etagOf(stamp);
  return text == etag || text == std::string_view(etag).substr(1, etag.size() - 2);
}

/** Why a lease id that was given does not fit; nothing when it is the one of a lease that is held. */
std::optional<Response> refuseLeaseId(std::string_view id, Lease::State state, std::string_view leaseId) {
  if (state == Lease::State::kAvailable) {
    return Response::error(412, "LeaseNotPresentWithBlobOperation",
                           "There is currently no lease on the blob.");
  }
  if (!isHeld(state)) {
    return Response::error(412, "LeaseLost",
                           "A lease ID was specified, but the lease for the blob has expired.");
  }
  if (equalsIgnoringCase(id, leaseId)) return std::nullopt;
  return Response::error(412, "LeaseIdMismatchWithBlobOperation",
                         "The lease ID specified did not match the lease ID for the blob.");
}

}  // namespace

std::optional<Response> refuseRead(const Request& request, const Facts& facts) {
  const uint64_t stamp = facts.stamp;
  const std::string_view match = request.header("if-match"), noneMatch = request.header("if-none-match");
  if (!match.empty() && match != "*" && !isEtag(match, stamp)) return conditionNotMet();
  if (noneMatch == "*")
    return Response::error(400, "UnsatisfiableCondition",
                           "The request includes an unsatisfiable condition for this operation.");
  if (!noneMatch.empty() && isEtag(noneMatch, stamp)) return Response(304).with("x-ms-error-code", "ConditionNotMet");
  const std::string_view id = request.header("x-ms-lease-id");
  return id.empty() ? std::nullopt : refuseLeaseId(id, facts.leaseState, facts.leaseId);
}

std::optional<Response> refuseLease(const Request& request, uint64_t stamp) {
  const std::string_view match = request.header("if-match"), noneMatch = request.header("if-none-match");
  if (!match.empty() && match != "*" && !isEtag(match, stamp)) return conditionNotMet();
  if (!noneMatch.empty() && isEtag(noneMatch, stamp)) return conditionNotMet();
  return std::nullopt;
}

std::optional<Response> refuseWrite(const Context& context, Container& container, Blob* blob) {
  const std::string_view match = context.request.header("if-match");
  const std::string_view noneMatch = context.request.header("if-none-match");
  const bool exists = blob != nullptr && blob->exists;
  if (noneMatch == "*" && exists) {
    return Response::error(409, "BlobAlreadyExists", "The specified blob already exists.");
  }
  if (!noneMatch.empty() && exists && isEtag(noneMatch, blob->stamp)) return conditionNotMet();
  if (!match.empty() && (!exists || (match != "*" && !isEtag(match, blob->stamp)))) return conditionNotMet();

  const std::string_view id = context.request.header("x-ms-lease-id");
  const Lease lease = blob != nullptr && blob->hasLease ? container.leaseOf(*blob) : Lease();
  const Lease::State state = lease.stateAt(context.time);
  if (!id.empty()) return exists ? refuseLeaseId(id, state, lease.id) : std::nullopt;
  if (!isHeld(state)) return std::nullopt;
  return Response::error(
      412, "LeaseIdMissing",
      "There is currently a lease on the blob and no lease ID was specified in the request.");
}
