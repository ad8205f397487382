// How the simulator behaves: what its command line sets first and its control endpoint changes while it runs.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "clock.h"
#include "random.h"

enum class CallClass { kRead, kWrite, kQueue };

/** How calls of one class are treated. Faults are percentages of the calls. */
struct Conduct {
  double medianMs = 0;
  /** Of the lognormal distribution; 0 makes every call take the median. */
  double sigma = 0;
  double stragglerPercent = 0;
  double stragglerMs = 0;
  double errors = 0;
  double resets = 0;
  double lostReplies = 0;
  double hangs = 0;

  Nanoseconds drawLatency(Random& random) const;
};

struct Settings {
  Conduct conduct[3];
  /** Requests and bytes a second; 0 is no limit. */
  double accountRate = 0;
  double queueRate = 0;
  double accountBandwidth = 0;
  double burstMs = 100;
  double throttleStatus = 503;
  double retryAfterMs = 0;
  double keepMessages = 100'000;
  /** Containers whose blobs keep their bytes, and how many bytes these are at most. */
  std::vector<std::string> keptContainers;
  double mostKeptBytes = 256 << 20;
  bool checkMd5 = false;
  bool needAuth = false;
  bool forget = false;
  bool autoCreate = false;
  bool sourceMd5 = false;
  /** A call has its effect when its latency begins, not when it ends. */
  bool effectFirst = false;

  const Conduct& of(CallClass callClass) const { return conduct[static_cast<int>(callClass)]; }

  bool keeps(std::string_view container) const {
    return !keptContainers.empty() &&
           std::find(keptContainers.begin(), keptContainers.end(), container) != keptContainers.end();
  }

  /** @return what is wrong with it; empty when it is set */
  std::string set(const std::string& name, const std::string& value);
  /** What was set, as a JSON object. */
  std::string toJson() const;

  /** A line for each setting. */
  static std::string help();

 private:
  std::map<std::string, std::string> given_;
};

/** The settings in force, read by every thread. */
class CurrentSettings {
 public:
  explicit CurrentSettings(const Settings& settings) { replace(settings); }

  const Settings& get() const { return *current_.load(std::memory_order_acquire); }

  void replace(const Settings& settings) {
    const std::lock_guard hold(mutex_);
    all_.push_back(std::make_unique<Settings>(settings));
    current_.store(all_.back().get(), std::memory_order_release);
  }

  /** Sets what a flat JSON object says, all of it or nothing. @return what is wrong; empty when it is set */
  std::string change(std::string_view json);

 private:
  std::mutex mutex_;
  std::atomic<const Settings*> current_;
  // Kept: another thread may still be reading an old one, and changes are few.
  std::vector<std::unique_ptr<Settings>> all_;
};
