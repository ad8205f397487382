#include "encoding.h"

#include <array>
#include <charconv>

#include "clock.h"

namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; }

int hexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char small = lower(digit);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::array<int8_t, 256> base64Values() {
  std::array<int8_t, 256> values;
  values.fill(-1);
  for (int value = 0; value < 64; ++value)
    values[static_cast<uint8_t>(kBase64[value])] = static_cast<int8_t>(value);
  return values;
}

}  // namespace

std::string httpDate(int64_t seconds) {
  const time_t time = seconds;
  tm parts;
  gmtime_r(&time, &parts);
  char text[32];
  return {text, strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string isoDate(int64_t milliseconds) {
  const time_t time = milliseconds / 1000;
  tm parts;
  gmtime_r(&time, &parts);
  char text[32];
  std::string date(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts));
  const std::string fraction = std::to_string(1000 + milliseconds % 1000);
  return date.append(fraction, 1).append("0000Z");
}

bool equalsIgnoringCase(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  for (size_t at = 0; at < one.size(); ++at) {
    if (lower(one[at]) != lower(other[at])) return false;
  }
  return true;
}

std::string decodePercent(std::string_view text, bool plusIsSpace) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size() && hexValue(text[at + 1]) >= 0 &&
        hexValue(text[at + 2]) >= 0) {
      decoded += static_cast<char>(hexValue(text[at + 1]) * 16 + hexValue(text[at + 2]));
      at += 2;
    } else {
      decoded += plusIsSpace && text[at] == '+' ? ' ' : text[at];
    }
  }
  return decoded;
}

std::string toBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t offset = 0; offset < 3; ++offset) {
      group = group << 8 | (at + offset < bytes.size() ? static_cast<uint8_t>(bytes[at + offset]) : 0);
    }
    const size_t letters = std::min<size_t>(bytes.size() - at, 3) + 1;
    for (size_t letter = 0; letter < 4; ++letter) {
      text += letter < letters ? kBase64[group >> (18 - 6 * letter) & 63] : '=';
    }
  }
  return text;
}

std::optional<std::string> fromBase64(std::string_view text) {
  static const std::array<int8_t, 256> values = base64Values();
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && !text.empty() && text.back() == '='; ++padding) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t group = 0;
  int bits = 0;
  for (const char letter : text) {
    const int8_t value = values[static_cast<uint8_t>(letter)];
    if (value < 0) return std::nullopt;
    group = group << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits >= 8) bytes += static_cast<char>(group >> (bits -= 8) & 255);
  }
  return bytes;
}

void appendHex(std::string& text, uint64_t number, int digits, bool upper) {
  const char* letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  for (int digit = digits - 1; digit >= 0; --digit) text += letters[number >> (4 * digit) & 15];
}

std::string toGuid(uint64_t high, uint64_t low) {
  std::string text;
  text.reserve(36);
  appendHex(text, high >> 32, 8);
  appendHex(text += '-', high >> 16, 4);
  appendHex(text += '-', high, 4);
  appendHex(text += '-', low >> 48, 4);
  appendHex(text += '-', low, 12);
  return text;
}

bool isGuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool isDash = at == 8 || at == 13 || at == 18 || at == 23;
    if (isDash ? text[at] != '-' : hexValue(text[at]) < 0) return false;
  }
  return true;
}

std::string escapeXml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char letter : text) {
    switch (letter) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += letter;
    }
  }
  return escaped;
}

std::string unescapeXml(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    size_t taken = 1;
    char letter = text[0];
    for (const auto& [entity, meant] : kEntities) {
      if (text.starts_with(entity)) {
        letter = meant;
        taken = entity.size();
      }
    }
    plain += letter;
    text.remove_prefix(taken);
  }
  return plain;
}

std::string quoteJson(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      (quoted += '\\') += letter;
    } else if (static_cast<uint8_t>(letter) < 32) {
      appendHex(quoted += "\\u", static_cast<uint8_t>(letter), 4);
    } else {
      quoted += letter;
    }
  }
  return quoted += '"';
}

std::optional<uint64_t> toNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}
