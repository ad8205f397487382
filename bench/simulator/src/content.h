// The bytes of blobs. Those that are kept are as they came; all others are made up when they are read: a common
// pattern, and an end that only this name has.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

using Md5 = std::array<uint8_t, 16>;

/** Bytes as they came. They never change, so an answer can still send them when others are in their place. */
class KeptBytes {
 public:
  /** @param total counts them, as long as anything has them */
  KeptBytes(std::string bytes, std::atomic<uint64_t>& total) : bytes(std::move(bytes)), total_(total) {
    total_ += this->bytes.size();
  }
  KeptBytes(const KeptBytes&) = delete;
  KeptBytes& operator=(const KeptBytes&) = delete;
  ~KeptBytes() { total_ -= bytes.size(); }

  const std::string bytes;

 private:
  std::atomic<uint64_t>& total_;
};
using Kept = std::shared_ptr<const KeptBytes>;

class Content {
 public:
  Content() = default;
  /** Made up. */
  Content(std::string_view name, uint64_t length);
  explicit Content(Kept kept) : kept_(std::move(kept)), length_(kept_->bytes.size()) {}

  uint64_t length() const { return length_; }
  /** Some of the bytes from there on, at most a MiB; they stay where they are as long as this object. */
  std::string_view from(uint64_t offset) const;
  Md5 md5() const;
  /** All of the bytes. */
  std::string all() const;

 private:
  static constexpr uint64_t kLongestEnd = 16;

  uint64_t startOfEnd() const { return length_ - std::min(length_, kLongestEnd); }

  /** Null when they are made up. */
  Kept kept_;
  uint64_t length_ = 0;
  std::array<uint8_t, kLongestEnd> end_ = {};
};

std::string toBase64(const Md5& md5);

/** Nothing unless the text is the base64 of 16 bytes. */
std::optional<Md5> toMd5(std::string_view base64);

/** Computes the MD5 of bytes that come in pieces. */
class Md5Computation {
 public:
  Md5Computation();
  Md5Computation(const Md5Computation& other);
  Md5Computation& operator=(const Md5Computation&) = delete;
  ~Md5Computation();

  void add(std::string_view bytes);
  /** Ends it. */
  Md5 result();

 private:
  struct evp_md_ctx_st* context_;
};

/**
 * A container named `src-LENGTH`, `src-SHORTEST-LONGEST` or either with `-xCOUNT` behind: every name in it is
 * a blob, and listed are COUNT of them.
 */
struct SourceRule {
  uint64_t shortest = 0, longest = 0, count = 0;

  static std::optional<SourceRule> of(std::string_view container);

  /** Between the two with the same chance for each factor of 2. */
  uint64_t lengthOf(std::string_view name) const;
  /** The blobs that are listed, in their order. */
  static std::string nameAt(uint64_t index);
};
