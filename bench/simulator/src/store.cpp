#include "store.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace {

constexpr size_t kNameChunk = 64 * 1024;
constexpr size_t kFirstSlots = 16;

bool comesBefore(const Blob* one, const Blob* other) { return one->name() < other->name(); }

}  // namespace

Lease::State Lease::stateAt(Nanoseconds time) const {
  const bool isOver = (duration >= 0 || isBroken) && time >= endsAt;
  if (isReleased) return State::kAvailable;
  if (isBroken) return isOver ? State::kBroken : State::kBreaking;
  return isOver ? State::kExpired : State::kLeased;
}

void Lease::forgetIfOver(Nanoseconds time) {
  const State state = stateAt(time);
  if (state == State::kExpired || state == State::kBroken) *this = Lease();
}

Container::Slot* Container::slotOf(Table& table, uint32_t hash, std::string_view name) {
  if (table.slots.empty()) return nullptr;
  const size_t mask = table.slots.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = table.slots[at];
    if (slot.number == 0) return &slot;
    if (slot.hash == hash && blobs_[slot.number - 1].name() == name) return &slot;
  }
}

void Container::grow(Table& table) {
  std::vector<Slot> larger(std::max(kFirstSlots, table.slots.size() * 2), Slot{0, 0});
  const size_t mask = larger.size() - 1;
  for (const Slot& slot : table.slots) {
    if (slot.number == 0) continue;
    size_t at = slot.hash & mask;
    while (larger[at].number != 0) at = (at + 1) & mask;
    larger[at] = slot;
  }
  table.slots = std::move(larger);
}

Blob* Container::find(std::string_view name) {
  const size_t hash = std::hash<std::string_view>()(name);
  const Slot* slot = slotOf(tables_[hash >> 56], static_cast<uint32_t>(hash), name);
  return slot == nullptr || slot->number == 0 ? nullptr : &blobs_[slot->number - 1];
}

Blob& Container::obtain(std::string_view name) {
  const size_t hash = std::hash<std::string_view>()(name);
  Table& table = tables_[hash >> 56];
  if (table.used * 4 >= table.slots.size() * 3) grow(table);
  Slot* slot = slotOf(table, static_cast<uint32_t>(hash), name);
  if (slot->number != 0) return blobs_[slot->number - 1];
  Blob& blob = blobs_.emplace_back();
  blob.nameStart = keepName(name);
  blob.nameLength = static_cast<uint16_t>(name.size());
  *slot = {static_cast<uint32_t>(hash), static_cast<uint32_t>(blobs_.size())};
  ++table.used;
  return blob;
}

const char* Container::keepName(std::string_view name) {
  if (name.size() > nameSpace_) {
    nameChunks_.push_back(std::make_unique_for_overwrite<char[]>(kNameChunk));
    nameSpace_ = kNameChunk;
  }
  char* start = nameChunks_.back().get() + kNameChunk - nameSpace_;
  memcpy(start, name.data(), name.size());
  nameSpace_ -= name.size();
  return start;
}

void Container::remove(Blob& blob) {
  setExists(blob, false);
  dropBlocks(blob);
  setMetadata(blob, "");
  setContentHeaders(blob, "");
  setBytes(blob, nullptr);
  leases_.erase(&blob);
  blob.hasLease = blob.hasMd5 = false;
  blob.length = 0;
}

void Container::setExists(Blob& blob, bool exists) {
  if (exists != blob.exists) exists ? ++count_ : --count_;
  blob.exists = exists;
}

void Container::setContentType(Blob& blob, std::string_view contentType) {
  blob.contentType = 0;
  if (contentType.empty()) return;
  auto known = std::find(contentTypes_.begin(), contentTypes_.end(), contentType);
  if (known == contentTypes_.end()) {
    // There are few; who makes up thousands of them gets the default back.
    if (contentTypes_.size() >= 1000) return;
    known = contentTypes_.emplace(known, contentType);
  }
  blob.contentType = static_cast<uint16_t>(known - contentTypes_.begin());
}

void Container::setMetadata(Blob& blob, std::string lines) {
  if (!blob.hasMetadata && lines.empty()) return;
  blob.hasMetadata = !lines.empty();
  if (blob.hasMetadata) {
    metadata_[&blob] = std::move(lines);
  } else {
    metadata_.erase(&blob);
  }
}

const std::string& Container::metadataOf(const Blob& blob) const {
  static const std::string none;
  return blob.hasMetadata ? metadata_.at(&blob) : none;
}

void Container::setContentHeaders(Blob& blob, std::string lines) {
  if (!blob.hasContentHeaders && lines.empty()) return;
  blob.hasContentHeaders = !lines.empty();
  if (blob.hasContentHeaders) {
    contentHeaders_[&blob] = std::move(lines);
  } else {
    contentHeaders_.erase(&blob);
  }
}

const std::string& Container::contentHeadersOf(const Blob& blob) const {
  static const std::string none;
  return blob.hasContentHeaders ? contentHeaders_.at(&blob) : none;
}

void Container::setBytes(Blob& blob, Kept kept) {
  if (!blob.hasBytes && !kept) return;
  blob.hasBytes = kept != nullptr;
  if (blob.hasBytes) {
    bytes_[&blob] = std::move(kept);
  } else {
    bytes_.erase(&blob);
  }
}

Content Container::contentOf(const Blob& blob) const {
  return blob.hasBytes ? Content(bytes_.at(&blob)) : Content(blob.name(), blob.length);
}

Blocks& Container::blocksOf(Blob& blob) {
  blob.hasBlocks = true;
  return blocks_[&blob];
}

void Container::dropBlocks(Blob& blob) {
  if (blob.hasBlocks) blocks_.erase(&blob);
  blob.hasBlocks = false;
}

Lease& Container::leaseOf(Blob& blob) {
  blob.hasLease = true;
  return leases_[&blob];
}

const std::vector<Blob*>& Container::sorted() {
  const size_t old = sorted_.size();
  if (old == blobs_.size()) return sorted_;
  sorted_.reserve(blobs_.size());
  for (size_t number = old; number < blobs_.size(); ++number) sorted_.push_back(&blobs_[number]);
  const auto middle = sorted_.begin() + static_cast<std::ptrdiff_t>(old);
  std::sort(middle, sorted_.end(), comesBefore);
  std::inplace_merge(sorted_.begin(), middle, sorted_.end(), comesBefore);
  return sorted_;
}
