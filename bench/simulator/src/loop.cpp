#include "loop.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <ctime>

#include "encoding.h"

namespace {

constexpr int kEventsATurn = 64;
constexpr size_t kBufferSize = 256 * 1024;
/** How far apart times are told from each other. */
constexpr Nanoseconds kTick = kMillisecond / 5;
/** Set in the ids of listeners. */
constexpr uint64_t kListener = uint64_t{1} << 63;

}  // namespace

Loop::Loop(Service& service, uint64_t seed)
    : service(service),
      stats(service.addStats()),
      random(seed),
      turn(now()),
      buffer(kBufferSize, '\0'),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

void Loop::listen(int socket, SSL_CTX* tls, bool isQueuePort) {
  epoll_event event = {.events = EPOLLIN, .data = {.u64 = kListener | listeners_.size()}};
  listeners_.push_back({socket, tls, isQueuePort});
  epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
}

void Loop::run() {
  epoll_event events[kEventsATurn];
  for (;;) {
    const int count = wait(events, kEventsATurn);
    turn = now();
    callDue();
    for (int at = 0; at < count; ++at) {
      const uint64_t id = events[at].data.u64;
      if (id & kListener) {
        accept(listeners_[id & ~kListener]);
        continue;
      }
      Connection* connection = find(id);
      if (connection == nullptr) continue;
      const uint32_t what = events[at].events;
      connection->onReady((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0, (what & EPOLLOUT) != 0);
      if (connection->isClosed()) release(id);
    }
  }
}

int Loop::wait(epoll_event* events, int most) {
  if (timers_.empty()) return epoll_wait(epoll_, events, most, -1);
  const Nanoseconds left = std::max<Nanoseconds>(0, timers_.top().time - now());
  const timespec timeout = {.tv_sec = left / kSecond, .tv_nsec = left % kSecond};
  const int count = epoll_pwait2(epoll_, events, most, &timeout, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
  // Kernels before 5.11 know milliseconds only.
  return epoll_wait(epoll_, events, most, static_cast<int>((left + kMillisecond - 1) / kMillisecond));
}

void Loop::callDue() {
  while (!timers_.empty() && timers_.top().time <= turn) {
    const auto [time, id] = timers_.top();
    timers_.pop();
    Connection* connection = find(id);
    if (connection == nullptr) continue;
    connection->onTime();
    stats.countDelay(now() - time);
    if (connection->isClosed()) release(id);
  }
}

void Loop::accept(const Listener& listener) {
  for (int count = 0; count < kEventsATurn; ++count) {
    const int socket = accept4(listener.socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    if (freeSlots_.empty()) {
      freeSlots_.push_back(static_cast<uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const uint32_t number = freeSlots_.back();
    freeSlots_.pop_back();
    Slot& slot = slots_[number];
    const uint64_t id = uint64_t{slot.generation} << 32 | number;
    slot.connection = std::make_unique<Connection>(*this, id, socket, listener.tls, listener.isQueuePort);
    epoll_event event = {.events = EPOLLIN, .data = {.u64 = id}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    stats.connections.add(1);
  }
}

Connection* Loop::find(uint64_t id) {
  const Slot& slot = slots_[id & UINT32_MAX];
  return slot.generation == id >> 32 ? slot.connection.get() : nullptr;
}

void Loop::release(uint64_t id) {
  const auto number = static_cast<uint32_t>(id);
  slots_[number].connection.reset();
  slots_[number].generation = (slots_[number].generation + 1) & INT32_MAX;
  freeSlots_.push_back(number);
}

void Loop::watch(const Connection& connection, uint64_t id, bool write) {
  epoll_event event = {.events = EPOLLIN, .data = {.u64 = id}};
  if (write) event.events |= EPOLLOUT;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket(), &event);
}

Nanoseconds Loop::callAt(Nanoseconds time, uint64_t id) {
  const Nanoseconds tick = (time + kTick - 1) / kTick * kTick;
  timers_.push({tick, id});
  return tick;
}

std::string Loop::newRequestId() { return toGuid(random.next(), ++requests_); }
