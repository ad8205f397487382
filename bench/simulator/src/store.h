// What the simulator remembers of blobs: names, lengths and MD5s in about 125 bytes each, and the bytes of those
// that are to be kept.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "clock.h"
#include "content.h"

struct Blob {
  const char* nameStart = nullptr;
  uint64_t length = 0;
  /** Another one after every change: the second it happened in, and a number. */
  uint64_t stamp = 0;
  Md5 md5 = {};
  uint16_t nameLength = 0;
  /** The number of its content type in the container. */
  uint16_t contentType = 0;
  bool hasMd5 : 1 = false;
  /** False once deleted, and while there are only blocks that are not committed. */
  bool exists : 1 = false;
  bool hasBlocks : 1 = false;
  bool hasMetadata : 1 = false;
  /** Content headers besides its type. */
  bool hasContentHeaders : 1 = false;
  bool hasLease : 1 = false;
  bool hasBytes : 1 = false;

  std::string_view name() const { return {nameStart, nameLength}; }
};
static_assert(sizeof(Blob) <= 48);

struct Block {
  std::string id;
  uint64_t size;
};

struct Blocks {
  std::vector<Block> committed, uncommitted;
};

struct Lease {
  enum class State { kAvailable, kLeased, kExpired, kBreaking, kBroken };

  std::string id;
  /** Seconds, or -1 for a lease that does not end. */
  int64_t duration = 0;
  Nanoseconds endsAt = 0;
  bool isReleased = true;
  bool isBroken = false;

  State stateAt(Nanoseconds time) const;
  /** After a write: of a lease that has ended, nothing is left that could be renewed. */
  void forgetIfOver(Nanoseconds time);
};

class Container {
 public:
  explicit Container(uint64_t stamp) : stamp(stamp) {}

  const uint64_t stamp;

  /** A blob that exists or once did, or has blocks; null when the name was never used. */
  Blob* find(std::string_view name);
  Blob& obtain(std::string_view name);

  /** Takes away its bytes, blocks, lease and metadata, not the memory it takes. */
  void remove(Blob& blob);

  void setContentType(Blob& blob, std::string_view contentType);
  const std::string& contentTypeOf(const Blob& blob) const { return contentTypes_[blob.contentType]; }
  /** As header lines. */
  void setMetadata(Blob& blob, std::string lines);
  const std::string& metadataOf(const Blob& blob) const;
  /** Encoding, language, disposition and cache control, as header lines. */
  void setContentHeaders(Blob& blob, std::string lines);
  const std::string& contentHeadersOf(const Blob& blob) const;
  /** @param kept null when its bytes are made up */
  void setBytes(Blob& blob, Kept kept);
  Content contentOf(const Blob& blob) const;
  Blocks& blocksOf(Blob& blob);
  void dropBlocks(Blob& blob);
  /** Its lease; one that nobody holds when it had none. */
  Lease& leaseOf(Blob& blob);

  void setExists(Blob& blob, bool exists);
  uint64_t count() const { return count_; }
  /** Of those whose bytes are kept. */
  uint64_t keptCount() const { return bytes_.size(); }
  /** All that were ever made, by name. Sorts what is new: a second for a million. */
  const std::vector<Blob*>& sorted();

 private:
  struct Slot {
    uint32_t hash;
    /** The blob's number plus 1; 0 is a free slot. */
    uint32_t number;
  };
  /** One of many small tables, so that growing never takes long. */
  struct Table {
    std::vector<Slot> slots;
    size_t used = 0;
  };

  Slot* slotOf(Table& table, uint32_t hash, std::string_view name);
  static void grow(Table& table);
  const char* keepName(std::string_view name);

  std::array<Table, 256> tables_;
  std::deque<Blob> blobs_;
  std::vector<std::unique_ptr<char[]>> nameChunks_;
  size_t nameSpace_ = 0;
  std::vector<Blob*> sorted_;
  uint64_t count_ = 0;
  std::vector<std::string> contentTypes_ = {"application/octet-stream"};
  std::unordered_map<const Blob*, std::string> metadata_, contentHeaders_;
  std::unordered_map<const Blob*, Kept> bytes_;
  std::unordered_map<const Blob*, Blocks> blocks_;
  std::unordered_map<const Blob*, Lease> leases_;
};
