// One thread: waits for sockets and times, and lets connections go on.
#pragma once

#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "connection.h"

class Loop {
 public:
  Loop(Service& service, uint64_t seed);

  /** Serves what connects to this socket, too. @param tls null for plain HTTP */
  void listen(int socket, SSL_CTX* tls, bool isQueuePort);
  /** Does not come back. */
  void run();

  void watch(const Connection& connection, uint64_t id, bool write);
  /** @return the time it will be: a little later, so that times near to each other share a wake-up */
  Nanoseconds callAt(Nanoseconds time, uint64_t id);
  std::string newRequestId();

  Service& service;
  Stats& stats;
  Random random;
  /** When this turn began: what came in since the last one counts as having come now. */
  Nanoseconds turn;
  /** For whoever reads; nothing stays in it. */
  std::string buffer;

 private:
  struct Listener {
    int socket;
    SSL_CTX* tls;
    bool isQueuePort;
  };
  struct Slot {
    std::unique_ptr<Connection> connection;
    uint32_t generation = 0;
  };
  struct Timer {
    Nanoseconds time;
    uint64_t id;
    bool operator>(const Timer& other) const { return time > other.time; }
  };

  void accept(const Listener& listener);
  Connection* find(uint64_t id);
  void release(uint64_t id);
  void callDue();
  int wait(struct epoll_event* events, int most);

  int epoll_;
  std::vector<Listener> listeners_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> freeSlots_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  uint64_t requests_ = 0;
};
