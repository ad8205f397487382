// Lease Blob: who holds a blob, until when.
#include "encoding.h"
#include "handlers.h"

namespace {

Response mismatch() {
  return Response::error(409, "LeaseIdMismatchWithLeaseOperation",
                         "The lease ID specified did not match the lease ID for the blob.");
}

Response notPresent() {
  return Response::error(409, "LeaseNotPresentWithLeaseOperation",
                         "There is currently no lease on the blob.");
}

Response invalidHeader(std::string_view name) {
  return Response::error(400, "InvalidHeaderValue",
                         "The value for one of the HTTP headers is not in the correct format.")
      .with("x-ms-header-name", name);
}

void start(Lease& lease, Nanoseconds time) {
  lease.endsAt = time + lease.duration * kSecond;
  lease.isReleased = lease.isBroken = false;
}

Response acquire(const Context& context, Lease& lease) {
  const std::string_view proposed = context.request.header("x-ms-proposed-lease-id");
  const std::string_view given = context.request.header("x-ms-lease-duration");
  const auto duration = toNumber(given);
  if (given != "-1" && (!duration || *duration < 15 || *duration > 60))
    return invalidHeader("x-ms-lease-duration");
  if (!proposed.empty() && !isGuid(proposed)) return invalidHeader("x-ms-proposed-lease-id");
  const Lease::State state = lease.stateAt(context.time);
  if (state == Lease::State::kBreaking && equalsIgnoringCase(proposed, lease.id)) {
    return Response::error(409, "LeaseIsBreakingAndCannotBeAcquired",
                           "The lease ID matched, but the lease is currently in breaking state and cannot be "
                           "acquired until broken.");
  }
  if (state == Lease::State::kBreaking ||
      (state == Lease::State::kLeased && !equalsIgnoringCase(proposed, lease.id))) {
    return Response::error(409, "LeaseAlreadyPresent", "There is already a lease present.");
  }
  World& world = context.world;
  lease.id = proposed.empty() ? toGuid(world.random.next(), world.random.next()) : std::string(proposed);
  lease.duration = given == "-1" ? -1 : static_cast<int64_t>(*duration);
  start(lease, context.time);
  return Response(201).with("x-ms-lease-id", lease.id);
}

Response renew(const Context& context, Lease& lease) {
  const Lease::State state = lease.stateAt(context.time);
  if (state == Lease::State::kAvailable ||
      !equalsIgnoringCase(context.request.header("x-ms-lease-id"), lease.id)) {
    return mismatch();
  }
  if (lease.isBroken) {
    return Response::error(
        409, "LeaseIsBrokenAndCannotBeRenewed",
        "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.");
  }
  start(lease, context.time);
  return Response(200).with("x-ms-lease-id", lease.id);
}

Response change(const Context& context, Lease& lease) {
  const std::string_view proposed = context.request.header("x-ms-proposed-lease-id");
  const std::string_view id = context.request.header("x-ms-lease-id");
  if (!isGuid(proposed)) return invalidHeader("x-ms-proposed-lease-id");
  const Lease::State state = lease.stateAt(context.time);
  if (!isHeld(state)) return notPresent();
  if (state == Lease::State::kBreaking && equalsIgnoringCase(id, lease.id)) {
    return Response::error(409, "LeaseIsBreakingAndCannotBeChanged",
                           "The lease ID matched, but the lease is currently in breaking state and cannot be "
                           "changed.");
  }
  if (!equalsIgnoringCase(id, lease.id) && !equalsIgnoringCase(proposed, lease.id)) return mismatch();
  lease.id = proposed;
  return Response(200).with("x-ms-lease-id", lease.id);
}

Response release(const Context& context, Lease& lease) {
  if (lease.isReleased || !equalsIgnoringCase(context.request.header("x-ms-lease-id"), lease.id))
    return mismatch();
  lease.isReleased = true;
  return Response(200);
}

Response breakLease(const Context& context, Lease& lease) {
  const Lease::State state = lease.stateAt(context.time);
  if (state == Lease::State::kAvailable) return notPresent();
  const std::string_view given = context.request.header("x-ms-lease-break-period");
  const auto period = toNumber(given);
  if (!given.empty() && (!period || *period > 60)) return invalidHeader("x-ms-lease-break-period");
  Nanoseconds left = state == Lease::State::kLeased && lease.duration < 0
                         ? 0
                         : std::max<Nanoseconds>(0, lease.endsAt - context.time);
  if (state == Lease::State::kExpired || state == Lease::State::kBroken) left = 0;
  if (period) {
    const Nanoseconds wanted = static_cast<Nanoseconds>(*period) * kSecond;
    left = state == Lease::State::kLeased && lease.duration < 0 ? wanted : std::min(left, wanted);
  }
  lease.isBroken = true;
  lease.endsAt = context.time + left;
  return Response(202).with("x-ms-lease-time", std::to_string((left + kSecond - 1) / kSecond));
}

}  // namespace

std::string_view nameOf(Lease::State state) {
  switch (state) {
    case Lease::State::kAvailable: return "available";
    case Lease::State::kLeased: return "leased";
    case Lease::State::kExpired: return "expired";
    case Lease::State::kBreaking: return "breaking";
    case Lease::State::kBroken: return "broken";
  }
  return {};
}

bool isHeld(Lease::State state) { return state == Lease::State::kLeased || state == Lease::State::kBreaking; }

Response leaseBlob(const Context& context) {
  Container* container = context.container();
  if (container == nullptr) return containerNotFound();
  Blob* blob = container->find(context.call.name);
  if (blob == nullptr || !blob->exists) return blobNotFound();
  if (auto refused = refuseLease(context.request, blob->stamp)) return *refused;
  const std::string_view action = context.request.header("x-ms-lease-action");
  Lease& lease = container->leaseOf(*blob);
  Response response = equalsIgnoringCase(action, "acquire")   ? acquire(context, lease)
                      : equalsIgnoringCase(action, "renew")   ? renew(context, lease)
                      : equalsIgnoringCase(action, "change")  ? change(context, lease)
                      : equalsIgnoringCase(action, "release") ? release(context, lease)
                      : equalsIgnoringCase(action, "break")   ? breakLease(context, lease)
                                                              : invalidHeader("x-ms-lease-action");
  if (response.status < 400) addVersion(response, blob->stamp);
  return response;
}
