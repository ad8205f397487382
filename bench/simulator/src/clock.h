// Two clocks: one that only goes forward, for waits and rates, and the wall's, for what the answers tell.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

using Nanoseconds = int64_t;

constexpr Nanoseconds kMillisecond = 1'000'000;
constexpr Nanoseconds kSecond = 1'000'000'000;

inline Nanoseconds now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

/** Milliseconds since the epoch. */
inline int64_t wallMilliseconds() {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1000 + time.tv_nsec / kMillisecond;
}

/** Such as `Tue, 03 Jun 2025 08:00:00 GMT`. @param seconds since the epoch */
std::string httpDate(int64_t seconds);

/** Such as `2025-06-03T08:00:00.0000000Z`. */
std::string isoDate(int64_t milliseconds);
