// From a whole request to its fate: served after its latency, refused, or hit by a fault.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchange.h"

enum class Fate {
  /** Has its effect and is answered. */
  kServe,
  /** Has its effect, but the connection is reset before the answer. */
  kLoseReply,
  /** The connection is reset without an effect. */
  kReset,
  /** Nothing happens any more. */
  kHang,
};

/** A request on its way through the simulator. */
struct Exchange {
  /** What `request` has its views into. */
  std::string head;
  Request request;
  Call call;
  BodyReader body;
  uint64_t bodyLength = 0;
  /** Whether its container is one that keeps the bytes of its blobs. */
  bool isKept = false;
  /** The body, of calls that say something in it and of blobs that are kept. */
  std::string text;
  std::optional<Md5Computation> md5;
  Fate fate = Fate::kServe;
  Nanoseconds due = 0;
  std::optional<Response> response;
};

class Service {
 public:
  explicit Service(const Settings& settings) : settings_(settings) {}

  /** The counts of one more thread. */
  Stats& addStats();
  Gauges& gauges() { return gauges_; }

  /** Once the head has come: knows the call, and what is wanted of the body. */
  void begin(Exchange& exchange, bool isQueuePort) const;
  /** @return false when the body is longer than any that is kept may be */
  bool takeBody(Exchange& exchange, std::string_view piece) const;
  /** Once all has come: decides what happens to it and when. Its response may stand already. */
  void judge(Exchange& exchange, Nanoseconds time, Random& random, Stats& stats);
  /** Lets the call have its effect, unless it had it. @return when the answer is through the account's line
   */
  Nanoseconds answer(Exchange& exchange, Nanoseconds time);

  static bool isControl(const Request& request) { return request.path.starts_with("/$"); }
  /** Settings, counts and forgetting: what the benches ask for. */
  Response control(const Request& request, std::string_view text);

 private:
  /** @return the refusal; otherwise the exchange is due when its body is through the account's line */
  std::optional<Response> throttle(Exchange& exchange, const Settings& settings, Nanoseconds time);
  void apply(Exchange& exchange, const Settings& settings, Nanoseconds time);
  std::string statsJson();
  void forgetCounts();

  CurrentSettings settings_;
  World world_;
  Gauges gauges_;
  std::vector<std::unique_ptr<Stats>> stats_;
};
