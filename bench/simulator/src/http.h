// HTTP/1.1 requests, read from pieces of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/** The head of a request: views into the text that it was parsed from. */
class Request {
 public:
  /** @param head all lines up to the empty one, included @return whether it is a request */
  bool parse(std::string_view head);

  std::string_view method;
  /** As sent, still percent-encoded. */
  std::string_view path;
  std::string_view query;
  bool keepAlive = true;

  /** Its value, or nothing: a header with an empty value is as good as none. @param name in any case */
  std::string_view header(std::string_view name) const;
  /** A parameter of the query, decoded; empty when there is none. */
  std::string parameter(std::string_view name) const;
  bool hasParameter(std::string_view name) const { return !rawParameter(name).empty(); }
  /** All headers whose names begin so, a line each, as `name: value\r\n`. */
  std::string headersWith(std::string_view prefix) const;

 private:
  std::string_view rawParameter(std::string_view name) const;

  struct Header {
    std::string_view name, value;
  };
  std::vector<Header> headers_;
};

/** Tells where a request's body ends, by Content-Length or chunks. */
class BodyReader {
 public:
  /** @return false when the head does not say clearly how long the body is */
  bool begin(const Request& request);

  bool done() const { return stage_ == Stage::kDone; }
  bool failed() const { return stage_ == Stage::kFailed; }

  /**
   * Takes the body's part of what has come in.
   * @param sink called with each piece of content @return how many bytes belonged to the body
   */
  template <typename Sink>
  size_t take(std::string_view input, Sink&& sink) {
    size_t at = 0;
    while (at < input.size() && !done() && !failed()) {
      if (stage_ == Stage::kContent) {
        const size_t count = static_cast<size_t>(std::min<uint64_t>(left_, input.size() - at));
        sink(input.substr(at, count));
        at += count;
        left_ -= count;
        if (left_ == 0) stage_ = isChunked_ ? Stage::kContentEnd : Stage::kDone;
      } else {
        takeLineByte(input[at++]);
      }
    }
    return at;
  }

 private:
  enum class Stage { kContent, kSize, kContentEnd, kTrailer, kDone, kFailed };

  void takeLineByte(char byte);
  void endLine();

  Stage stage_ = Stage::kDone;
  bool isChunked_ = false;
  uint64_t left_ = 0;
  std::string line_;
};
