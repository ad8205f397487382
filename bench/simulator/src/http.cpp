#include "http.h"

#include <charconv>

#include "encoding.h"

namespace {

constexpr size_t kLongestChunkLine = 4096;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/** Takes the text up to a mark out of `rest`, and the mark itself. */
std::string_view takeUntil(std::string_view& rest, std::string_view mark) {
  const size_t end = rest.find(mark);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + mark.size());
  return taken;
}

}  // namespace

bool Request::parse(std::string_view head) {
  headers_.clear();
  std::string_view line = takeUntil(head, "\r\n");
  method = takeUntil(line, " ");
  std::string_view target = takeUntil(line, " ");
  if (line != "HTTP/1.1" && line != "HTTP/1.0") return false;
  keepAlive = line == "HTTP/1.1";
  // What is meant for a proxy has the host in front.
  if (target.starts_with("http")) {
    const size_t slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return false;
  path = takeUntil(target, "?");
  query = target;
  while (!head.empty()) {
    std::string_view header = takeUntil(head, "\r\n");
    if (header.empty()) break;
    const size_t colon = header.find(':');
    if (colon == std::string_view::npos) return false;
    headers_.push_back({header.substr(0, colon), trim(header.substr(colon + 1))});
  }
  const std::string_view connection = this->header("connection");
  if (equalsIgnoringCase(connection, "close")) keepAlive = false;
  if (equalsIgnoringCase(connection, "keep-alive")) keepAlive = true;
  return true;
}

std::string_view Request::header(std::string_view name) const {
  for (const Header& header : headers_) {
    if (equalsIgnoringCase(header.name, name)) return header.value;
  }
  return {};
}

std::string Request::headersWith(std::string_view prefix) const {
  std::string lines;
  for (const auto& [name, value] : headers_) {
    if (equalsIgnoringCase(name.substr(0, prefix.size()), prefix)) {
      lines.append(name).append(": ").append(value).append("\r\n");
    }
  }
  return lines;
}

std::string_view Request::rawParameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    std::string_view value = takeUntil(rest, "&");
    if (takeUntil(value, "=") == name) return value;
  }
  return {};
}

std::string Request::parameter(std::string_view name) const {
  return decodePercent(rawParameter(name), true);
}

bool BodyReader::begin(const Request& request) {
  const std::string_view length = request.header("content-length");
  const std::string_view encoding = request.header("transfer-encoding");
  isChunked_ = equalsIgnoringCase(encoding, "chunked");
  if (!encoding.empty() && (!isChunked_ || !length.empty())) return false;
  const auto number = toNumber(length.empty() ? "0" : length);
  if (!number) return false;
  left_ = *number;
  stage_ = isChunked_ ? Stage::kSize : left_ > 0 ? Stage::kContent : Stage::kDone;
  return true;
}

void BodyReader::takeLineByte(char byte) {
  if (byte == '\n') return endLine();
  if (byte != '\r') line_ += byte;
  if (line_.size() > kLongestChunkLine) stage_ = Stage::kFailed;
}

void BodyReader::endLine() {
  const std::string line = std::move(line_);
  line_.clear();
  if (stage_ == Stage::kContentEnd) {
    stage_ = line.empty() ? Stage::kSize : Stage::kFailed;
  } else if (stage_ == Stage::kTrailer) {
    if (line.empty()) stage_ = Stage::kDone;
  } else {
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
    const bool isSize = error == std::errc() && (end == line.data() + line.size() || *end == ';');
    stage_ = !isSize ? Stage::kFailed : left_ > 0 ? Stage::kContent : Stage::kTrailer;
  }
}
