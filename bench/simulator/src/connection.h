// One client's connection: its requests one after the other, and their answers when they are due.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "service.h"
#include "transport.h"

class Loop;

class Connection {
 public:
  /** @param id what the loop knows it by */
  Connection(Loop& loop, uint64_t id, int socket, SSL_CTX* tls, bool isQueuePort);
  ~Connection();

  /** The socket can be read, written to, or is broken. */
  void onReady(bool canRead, bool canWrite);
  /** The time has come that it asked for. */
  void onTime();

  int socket() const { return transport_.socket(); }
  bool isClosed() const { return stage_ == Stage::kClosed; }

 private:
  enum class Stage {
    /** Until the empty line of a request. */
    kHead,
    kBody,
    /** For the time at which the answer is due; nothing moves. */
    kWaiting,
    /** For the time at which the answer is through the account's line. */
    kLine,
    kSending,
    kClosed,
  };

  void readAll();
  void consume(std::string_view input);
  size_t takeHead(std::string_view input);
  size_t takeBody(std::string_view input);
  void beginRequest();
  void endRequest();
  void waitUntil(Stage stage, Nanoseconds due);
  void send();
  void flush();
  void finish();
  void refuse(std::string_view why);
  void close();

  Loop& loop_;
  const uint64_t id_;
  Transport transport_;
  const bool isQueuePort_;
  Stage stage_ = Stage::kHead;
  bool watchesWrite_ = false;
  bool isInFlight_ = false;
  /** Of the request that is coming in or being answered. */
  std::unique_ptr<Exchange> exchange_;
  /** What came in before the answer to the request before it was sent. */
  std::string early_;
  std::string output_;
  size_t outputSent_ = 0;
  uint64_t contentSent_ = 0;
};
