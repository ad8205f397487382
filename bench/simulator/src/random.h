// Chance for latencies and faults: fast, and the same in every run of one seed.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

/** Turns a number into one that looks unlike it; a good hash of numbers. */
inline uint64_t scramble(uint64_t number) {
  number += 0x9E3779B97F4A7C15;
  number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9;
  number = (number ^ number >> 27) * 0x94D049BB133111EB;
  return number ^ number >> 31;
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() { return scramble(state_ += 0x9E3779B97F4A7C15); }

  /** At least 0, less than 1. */
  double fraction() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  bool happens(double percent) { return percent > 0 && fraction() * 100 < percent; }

  /** Of the normal distribution with mean 0 and deviation 1. */
  double normal() {
    return std::sqrt(-2 * std::log(1 - fraction())) * std::cos(2 * std::numbers::pi * fraction());
  }

 private:
  uint64_t state_;
};
