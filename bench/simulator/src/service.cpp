#include "service.h"

#include "encoding.h"

namespace {

/** A list of 50,000 blocks is 5 MB. */
constexpr size_t kLongestText = 8 << 20;
/** Of a blob that is kept. */
constexpr size_t kLongestKept = 64 << 20;

bool saysSomething(const Exchange& exchange) {
  switch (exchange.call.operation) {
    case Operation::kPutBlockList:
    case Operation::kPutMessage:
    case Operation::kUpdateMessage: return true;
    case Operation::kPutBlob: return exchange.isKept;
    default: return Service::isControl(exchange.request);
  }
}

/** How calls over a rate are refused. */
Response refusal(const Settings& settings) {
  Response response =
      settings.throttleStatus == 429
          ? Response::error(429, "TooManyRequests", "The request rate is too high. Please retry later.")
          : Response::error(503, "ServerBusy", "The server is busy.");
  if (settings.retryAfterMs > 0) {
    const auto ms = static_cast<uint64_t>(settings.retryAfterMs);
    response.with("Retry-After", std::to_string((ms + 999) / 1000))
        .with("x-ms-retry-after-ms", std::to_string(ms));
  }
  return response;
}

}  // namespace

Stats& Service::addStats() { return *stats_.emplace_back(std::make_unique<Stats>()); }

void Service::begin(Exchange& exchange, bool isQueuePort) const {
  exchange.call = readCall(exchange.request, isQueuePort);
  const Operation operation = exchange.call.operation;
  const bool isContent = operation == Operation::kPutBlob || operation == Operation::kPutBlock;
  const Settings& settings = settings_.get();
  exchange.isKept = exchange.call.callClass != CallClass::kQueue && settings.keeps(exchange.call.place);
  if (isContent && (settings.checkMd5 || exchange.isKept)) exchange.md5.emplace();
}

bool Service::takeBody(Exchange& exchange, std::string_view piece) const {
  exchange.bodyLength += piece.size();
  if (exchange.md5) exchange.md5->add(piece);
  if (!saysSomething(exchange)) return true;
  exchange.text.append(piece);
  return exchange.text.size() <= (exchange.isKept ? kLongestKept : kLongestText);
}

void Service::judge(Exchange& exchange, Nanoseconds time, Random& random, Stats& stats) {
  const Settings& settings = settings_.get();
  const Conduct& conduct = settings.of(exchange.call.callClass);
  exchange.due = time;
  if (random.happens(conduct.hangs)) {
    exchange.fate = Fate::kHang;
    stats.hangs.add(1);
    return;
  }
  if (auto refused = throttle(exchange, settings, time)) {
    exchange.response = std::move(refused);
    stats.throttled.add(1);
    return;
  }
  exchange.due += conduct.drawLatency(random);
  if (random.happens(conduct.resets)) {
    exchange.fate = Fate::kReset;
    stats.resets.add(1);
  } else if (random.happens(conduct.errors)) {
    exchange.response = Response::error(500, "InternalError", "The server encountered an internal error.");
    stats.errors.add(1);
  } else if (random.happens(conduct.lostReplies)) {
    exchange.fate = Fate::kLoseReply;
    stats.lostReplies.add(1);
  }
  const bool hasEffect = exchange.fate != Fate::kReset && !exchange.response;
  if (settings.effectFirst && hasEffect) apply(exchange, settings, time);
}

std::optional<Response> Service::throttle(Exchange& exchange, const Settings& settings, Nanoseconds time) {
  const bool isLimited = settings.accountRate > 0 || settings.queueRate > 0 || settings.accountBandwidth > 0;
  if (!isLimited) return std::nullopt;
  const std::lock_guard hold(world_.mutex);
  Account& account = world_.account(exchange.call.account);
  const double burst = settings.burstMs / 1000;
  if (!account.rate.take(settings.accountRate, burst, time)) return refusal(settings);
  if (exchange.call.callClass == CallClass::kQueue) {
    const auto queue = account.queues.find(exchange.call.place);
    const bool exists = queue != account.queues.end();
    if (exists && !queue->second.rate.take(settings.queueRate, burst, time)) return refusal(settings);
  }
  exchange.due = account.in.carry(exchange.bodyLength, settings.accountBandwidth, time);
  return std::nullopt;
}

Nanoseconds Service::answer(Exchange& exchange, Nanoseconds time) {
  const Settings& settings = settings_.get();
  if (!exchange.response) apply(exchange, settings, time);
  if (settings.accountBandwidth <= 0) return time;
  const Response& response = *exchange.response;
  const uint64_t bytes =
      exchange.request.method == "HEAD" ? 0 : response.text.size() + response.contentLength;
  const std::lock_guard hold(world_.mutex);
  return world_.account(exchange.call.account).out.carry(bytes, settings.accountBandwidth, time);
}

void Service::apply(Exchange& exchange, const Settings& settings, Nanoseconds time) {
  std::optional<Md5> md5;
  if (exchange.md5) md5 = exchange.md5->result();
  const std::lock_guard hold(world_.mutex);
  exchange.response = handle({.request = exchange.request,
                              .call = exchange.call,
                              .text = exchange.text,
                              .bodyLength = exchange.bodyLength,
                              .bodyMd5 = md5,
                              .isKept = exchange.isKept,
                              .settings = settings,
                              .world = world_,
                              .time = time});
}

Response Service::control(const Request& request, std::string_view text) {
  if (request.path == "/$stats" && request.method == "GET") return Response::json(200, statsJson());
  if (request.path == "/$control" && request.method == "GET")
    return Response::json(200, settings_.get().toJson());
  if (request.path == "/$control" && request.method == "PUT") {
    const std::string wrong = settings_.change(text);
    return wrong.empty() ? Response::json(200, settings_.get().toJson())
                         : Response::json(400, "{\"error\":" + quoteJson(wrong) + "}");
  }
  if (request.path == "/$reset" && request.method == "POST") {
    forgetCounts();
    if (request.parameter("keep") == "content") return Response(204);
    const std::lock_guard hold(world_.mutex);
    world_.clear();
    return Response(204);
  }
  return Response::json(404, "{\"error\":\"there are GET /$stats, GET and PUT /$control, POST /$reset\"}");
}

std::string Service::statsJson() {
  Stats sum;
  for (const auto& stats : stats_) sum.add(*stats);
  std::string json = "{" + toJsonFields(sum, gauges_);
  const std::lock_guard hold(world_.mutex);
  uint64_t blobs = 0, keptBlobs = 0, messages = 0;
  for (const auto& [name, account] : world_.accounts) {
    for (const auto& [place, container] : account.containers) {
      blobs += container.count();
      keptBlobs += container.keptCount();
    }
    for (const auto& [place, queue] : account.queues) messages += queue.messages.size() + queue.notKept;
  }
  for (const auto& [name, count] : {std::pair{"blobs", blobs},
                                    {"messages", messages},
                                    {"keptBlobs", keptBlobs},
                                    {"keptBytes", world_.keptBytes.load()},
                                    {"blobsMade", world_.blobsMade},
                                    {"messagesPut", world_.messagesPut}}) {
    json.append(",\"").append(name).append("\":").append(std::to_string(count));
  }
  return json + "}";
}

void Service::forgetCounts() {
  for (const auto& stats : stats_) stats->clear();
  gauges_.inFlight.forgetPeak();
  gauges_.connections.forgetPeak();
}
