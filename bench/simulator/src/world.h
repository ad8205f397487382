// All that the simulated service knows: accounts with their containers and queues, and how busy each is.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "clock.h"
#include "random.h"
#include "store.h"

/** Lets so many through a second, and some at once. */
class TokenBucket {
 public:
  /** @param rate tokens a second; 0 is no limit @param burst seconds of the rate that may come at once */
  bool take(double rate, double burst, Nanoseconds time) {
    if (rate <= 0) return true;
    const double most = std::max(1.0, rate * burst);
    tokens_ =
        isNew_ ? most : std::min(most, tokens_ + static_cast<double>(time - filledAt_) / kSecond * rate);
    isNew_ = false;
    filledAt_ = time;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  bool isNew_ = true;
  double tokens_ = 0;
  Nanoseconds filledAt_ = 0;
};

/** A line that carries so many bytes a second, one after the other. */
class Line {
 public:
  /** @return when these bytes are through */
  Nanoseconds carry(uint64_t bytes, double bytesPerSecond, Nanoseconds time) {
    if (bytesPerSecond <= 0) return time;
    freeAt_ = std::max(freeAt_, time) +
              static_cast<Nanoseconds>(static_cast<double>(bytes) / bytesPerSecond * kSecond);
    return freeAt_;
  }

 private:
  Nanoseconds freeAt_ = 0;
};

struct Message {
  std::string id;
  std::string text;
  int64_t insertedAt = 0;
  int64_t expiresAt = 0;
  uint64_t timesTaken = 0;
};

/** Times are milliseconds since the epoch. */
struct Queue {
  /** When it can be taken, and a number: both make up the receipt. */
  using Key = std::pair<int64_t, uint64_t>;

  std::map<Key, Message> messages;
  /** Those that are counted only. */
  uint64_t notKept = 0;
  std::string metadata;
  TokenBucket rate;
};

template <typename Thing>
using ByName = std::map<std::string, Thing, std::less<>>;

struct Account {
  ByName<Container> containers;
  ByName<Queue> queues;
  TokenBucket rate;
  Line in, out;
};

/** Used by one thread at a time: who looks at anything in it holds `mutex`, for microseconds. */
struct World {
  std::mutex mutex;
  /** In memory, those too that an answer still sends. Before what counts itself in it. */
  std::atomic<uint64_t> keptBytes = 0;
  ByName<Account> accounts;
  uint64_t blobsMade = 0;
  uint64_t messagesPut = 0;
  uint64_t receipts = 0;
  Random random{static_cast<uint64_t>(wallMilliseconds())};

  Account& account(std::string_view name) {
    const auto found = accounts.find(name);
    return found != accounts.end() ? found->second : accounts[std::string(name)];
  }

  /** @return for a blob's or container's change now */
  uint64_t newStamp() { return static_cast<uint64_t>(wallMilliseconds() / 1000) << 32 | ++changes_; }

  static int64_t secondsOf(uint64_t stamp) { return static_cast<int64_t>(stamp >> 32); }

  void clear() {
    accounts.clear();
    blobsMade = messagesPut = 0;
  }

 private:
  uint32_t changes_ = 0;
};
