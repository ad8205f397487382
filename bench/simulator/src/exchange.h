// One call: what was asked, and what is answered.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "content.h"
#include "http.h"
#include "settings.h"
#include "stats.h"
#include "world.h"

/** What a request asks for. */
struct Call {
  Operation operation = Operation::kUnknown;
  CallClass callClass = CallClass::kRead;
  std::string account;
  /** The container or the queue. */
  std::string place;
  /** The blob or the message. */
  std::string name;
};

/** @param isQueuePort whether it came in where queues are served; a Host like `account.queue.example` says so
 * too */
Call readCall(const Request& request, bool isQueuePort);

/** Account, container and blob of an address, which may be one of this service in either form. */
struct BlobAddress {
  std::string account, container, name;

  static BlobAddress of(std::string_view url);
};

class Response {
 public:
  explicit Response(int status = 200) : status(status) {}

  /** With the code and message in the form of the storage API. */
  static Response error(int status, std::string_view code, std::string_view message);
  static Response xml(std::string text);
  static Response json(int status, std::string text);

  Response& with(std::string_view name, std::string_view value) {
    headers.append(name).append(": ").append(value).append("\r\n");
    return *this;
  }

  /** Ends the text of an error. */
  void finish(std::string_view requestId);
  /** All lines up to the empty one, included. */
  std::string head(const Request& request, std::string_view requestId) const;

  int status;
  /** Lines, each with its end. */
  std::string headers;
  /** The code of an error. */
  std::string code;
  std::string text;
  /** Sent after the text. */
  std::optional<Content> content;
  uint64_t contentStart = 0;
  uint64_t contentLength = 0;
};

/** What a handler works with; it holds the world's mutex. */
struct Context {
  const Request& request;
  const Call& call;
  /** Of requests that say something in it, or whose blob is to be kept; other content is only counted. */
  std::string_view text;
  uint64_t bodyLength;
  /** Of the body, where it was asked for. */
  std::optional<Md5> bodyMd5;
  /** Whether its container is one that keeps the bytes of its blobs. */
  bool isKept;
  const Settings& settings;
  World& world;
  Nanoseconds time;

  /** Whether the call leaves nothing but counts. */
  bool forgets() const { return settings.forget && !isKept; }

  Account& account() const { return world.account(call.account); }
  /** Null when it was not created. */
  Container* container() const;
  Queue* queue() const;
};

/** Does what is asked. */
Response handle(const Context& context);
