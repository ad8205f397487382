#include "content.h"

#include <openssl/evp.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <unordered_map>

#include "encoding.h"
#include "random.h"

namespace {

constexpr size_t kPatternLength = 1 << 20;

const std::string& pattern() {
  static const std::string bytes = [] {
    std::string made(kPatternLength, '\0');
    Random random(1);
    for (size_t at = 0; at < made.size(); at += 8) {
      const uint64_t eight = random.next();
      memcpy(&made[at], &eight, 8);
    }
    return made;
  }();
  return bytes;
}

uint64_t hashOf(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char letter : name) hash = (hash ^ static_cast<uint8_t>(letter)) * 0x100000001B3;
  return scramble(hash);
}

/** The computation after `length` bytes of the pattern; kept, since sources of one length are many. */
const Md5Computation& computationAfter(uint64_t length) {
  thread_local std::unordered_map<uint64_t, Md5Computation> known;
  const auto found = known.find(length);
  if (found != known.end()) return found->second;
  if (known.size() > 1000) known.clear();
  Md5Computation& computation = known[length];
  for (uint64_t at = 0; at < length; at += kPatternLength) {
    computation.add(std::string_view(pattern()).substr(0, std::min<uint64_t>(length - at, kPatternLength)));
  }
  return computation;
}

}  // namespace

Content::Content(std::string_view name, uint64_t length) : length_(length) {
  const uint64_t parts[] = {hashOf(name), scramble(hashOf(name))};
  memcpy(end_.data(), parts, sizeof parts);
}

std::string_view Content::from(uint64_t offset) const {
  if (kept_) return std::string_view(kept_->bytes).substr(offset);
  const uint64_t startOfEnd = this->startOfEnd();
  if (offset >= startOfEnd) {
    return {reinterpret_cast<const char*>(end_.data()) + (offset - startOfEnd), length_ - offset};
  }
  return std::string_view(pattern()).substr(offset % kPatternLength, startOfEnd - offset);
}

std::string Content::all() const {
  std::string bytes;
  while (bytes.size() < length_) bytes.append(from(bytes.size()).substr(0, length_ - bytes.size()));
  return bytes;
}

Md5 Content::md5() const {
  if (kept_) {
    Md5Computation computation;
    computation.add(kept_->bytes);
    return computation.result();
  }
  Md5Computation computation = computationAfter(startOfEnd());
  computation.add(from(startOfEnd()));
  return computation.result();
}

std::string toBase64(const Md5& md5) {
  return toBase64(std::string_view(reinterpret_cast<const char*>(md5.data()), md5.size()));
}

std::optional<Md5> toMd5(std::string_view base64) {
  const auto bytes = fromBase64(base64);
  Md5 md5;
  if (!bytes || bytes->size() != md5.size()) return std::nullopt;
  memcpy(md5.data(), bytes->data(), md5.size());
  return md5;
}

Md5Computation::Md5Computation() : context_(EVP_MD_CTX_new()) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "MD5", nullptr);
  EVP_DigestInit_ex(context_, algorithm, nullptr);
}

Md5Computation::Md5Computation(const Md5Computation& other) : context_(EVP_MD_CTX_new()) {
  EVP_MD_CTX_copy_ex(context_, other.context_);
}

Md5Computation::~Md5Computation() { EVP_MD_CTX_free(context_); }

void Md5Computation::add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }

Md5 Md5Computation::result() {
  Md5 md5;
  EVP_DigestFinal_ex(context_, md5.data(), nullptr);
  return md5;
}

std::optional<SourceRule> SourceRule::of(std::string_view container) {
  if (!container.starts_with("src-")) return std::nullopt;
  container.remove_prefix(4);
  SourceRule rule;
  if (const size_t mark = container.rfind("-x"); mark != std::string_view::npos) {
    const auto count = toNumber(container.substr(mark + 2));
    if (!count) return std::nullopt;
    rule.count = *count;
    container = container.substr(0, mark);
  }
  const size_t dash = std::min(container.find('-'), container.size());
  const auto shortest = toNumber(container.substr(0, dash));
  const auto longest = dash == container.size() ? shortest : toNumber(container.substr(dash + 1));
  if (!shortest || !longest || *longest < *shortest) return std::nullopt;
  rule.shortest = *shortest;
  rule.longest = *longest;
  return rule;
}

uint64_t SourceRule::lengthOf(std::string_view name) const {
  if (shortest == longest) return shortest;
  Random random(hashOf(name));
  const double low = std::log(static_cast<double>(shortest) + 1),
               high = std::log(static_cast<double>(longest) + 2);
  const auto length = static_cast<uint64_t>(std::exp(low + random.fraction() * (high - low))) - 1;
  return std::clamp(length, shortest, longest);
}

std::string SourceRule::nameAt(uint64_t index) {
  const std::string number = std::to_string(index);
  return "file-" + std::string(12 - std::min<size_t>(number.size(), 12), '0') + number + ".bin";
}
