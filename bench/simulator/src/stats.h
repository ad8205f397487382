// What the simulator counts. Each thread counts for itself; the sums are made when somebody asks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "clock.h"

enum class Operation : uint8_t {
  kUnknown,
  kPutBlob,
  kPutBlobFromUrl,
  kCopyBlob,
  kPutBlock,
  kPutBlockFromUrl,
  kPutBlockList,
  kGetBlockList,
  kGetBlob,
  kGetBlobProperties,
  kSetBlobProperties,
  kDeleteBlob,
  kLeaseBlob,
  kListBlobs,
  kCreateContainer,
  kGetContainerProperties,
  kDeleteContainer,
  kListContainers,
  kGetAccountInformation,
  kGetServiceProperties,
  kSetServiceProperties,
  kCreateQueue,
  kDeleteQueue,
  kGetQueueMetadata,
  kSetQueueMetadata,
  kListQueues,
  kPutMessage,
  kGetMessages,
  kPeekMessages,
  kUpdateMessage,
  kDeleteMessage,
  kClearMessages,
  kCount,
};

/** A number that one thread writes and others may read: cheaper than a shared one. */
class Counter {
 public:
  void add(uint64_t amount) { value_.store(get() + amount, std::memory_order_relaxed); }
  void raiseTo(uint64_t amount) {
    if (amount > get()) value_.store(amount, std::memory_order_relaxed);
  }
  void clear() { value_.store(0, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

/** A number of things that come and go, and the most there were at once; shared by all threads. */
class Gauge {
 public:
  void rise() {
    const int64_t value = value_.fetch_add(1, std::memory_order_relaxed) + 1;
    int64_t peak = peak_.load(std::memory_order_relaxed);
    while (value > peak && !peak_.compare_exchange_weak(peak, value, std::memory_order_relaxed)) {
    }
  }
  void fall() { value_.fetch_sub(1, std::memory_order_relaxed); }
  void forgetPeak() { peak_.store(get(), std::memory_order_relaxed); }
  int64_t get() const { return value_.load(std::memory_order_relaxed); }
  int64_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_ = 0;
  std::atomic<int64_t> peak_ = 0;
};

/** One thread's counts. A connection that was reset or hangs counts as status 0. */
struct Stats {
  static constexpr size_t kStatuses = 600;

  std::array<std::array<Counter, kStatuses>, static_cast<size_t>(Operation::kCount)> answers;
  Counter bytesIn, bytesOut;
  Counter connections;
  Counter throttled, errors, resets, lostReplies, hangs;
  /** How much later than due answers were sent: how true the latencies are. */
  Counter onTime, late, lateNanoseconds, latest;

  void countAnswer(Operation operation, int status) {
    answers[static_cast<size_t>(operation)][static_cast<size_t>(status) % kStatuses].add(1);
  }

  void countDelay(Nanoseconds overdue) {
    (overdue <= kMillisecond ? onTime : late).add(1);
    lateNanoseconds.add(static_cast<uint64_t>(overdue));
    latest.raiseTo(static_cast<uint64_t>(overdue));
  }

  void clear();
  /** Adds another thread's. */
  void add(const Stats& other);
};

struct Gauges {
  Gauge inFlight, connections;
};

/** @return the fields that tell them, as the inside of a JSON object */
std::string toJsonFields(const Stats& stats, const Gauges& gauges);
