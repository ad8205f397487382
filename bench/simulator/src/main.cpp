// The storage simulator: answers as Azure's blob and queue services do, as fast or as badly as it is told to.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "encoding.h"
#include "loop.h"

namespace {

constexpr int kWaitingConnections = 4096;

[[noreturn]] void fail(const std::string& why) {
  fprintf(stderr, "simulator: %s\n", why.c_str());
  _exit(2);
}

struct Options {
  std::string host = "127.0.0.1";
  std::string certificate, key;
  uint64_t threads = 1;
  bool endsWithInput = false;
  bool goesFirst = false;
  /** By name: blob, queue, blob-tls, queue-tls; 0 takes a free one. */
  std::map<std::string, uint64_t> ports = {{"blob", 0}, {"queue", 0}};
  Settings settings;
};

constexpr const char* kHelp =
    "simulator [options]: a storage account that forgets what it is told, over HTTP on --blob-port and "
    "--queue-port\n"
    "  --blob-port N, --queue-port N             plain HTTP; 0 takes a free port (0)\n"
    "  --blob-tls-port N, --queue-tls-port N     HTTPS, with --certificate FILE and --key FILE\n"
    "  --host ADDRESS                            where it listens (127.0.0.1)\n"
    "  --threads N                               that serve (1)\n"
    "  --end-with-input true                     ends when its standard input does\n"
    "  --realtime true                           goes before all other processes, so that latencies stay "
    "true on "
    "busy cores (needs root)\n";

uint64_t readNumber(const std::string& name, const std::string& value, uint64_t most) {
  const auto number = toNumber(value);
  if (!number || *number > most) fail(name + " cannot be " + value);
  return *number;
}

Options readOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t at = 0; at < arguments.size(); at += 2) {
    if (arguments[at] == "--help") {
      printf("%s%s", kHelp, Settings::help().c_str());
      exit(0);
    }
    if (!arguments[at].starts_with("--") || at + 1 == arguments.size()) fail("see --help: " + arguments[at]);
    const std::string name = arguments[at].substr(2), &value = arguments[at + 1];
    if (name.ends_with("-port")) {
      options.ports[name.substr(0, name.size() - 5)] = readNumber(name, value, UINT16_MAX);
    } else if (name == "threads") {
      options.threads = std::max<uint64_t>(1, readNumber(name, value, 256));
    } else if (name == "host") {
      options.host = value;
    } else if (name == "certificate") {
      options.certificate = value;
    } else if (name == "key") {
      options.key = value;
    } else if (name == "end-with-input") {
      options.endsWithInput = value == "true";
    } else if (name == "realtime") {
      options.goesFirst = value == "true";
    } else if (const std::string wrong = options.settings.set(name, value); !wrong.empty()) {
      fail(wrong);
    }
  }
  return options;
}

/** @param port 0 takes a free one, and is set to it */
int openSocket(const std::string& host, uint64_t& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) fail(host + " is no address");
  auto* any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(socket, any, size) != 0 || listen(socket, kWaitingConnections) != 0) {
    fail("port " + std::to_string(port) + ": " + strerror(errno));
  }
  getsockname(socket, any, &size);
  port = ntohs(address.sin_port);
  return socket;
}

/** Each thread has sockets of its own on the same ports; the system spreads the connections. */
void openPorts(Options& options, SSL_CTX* tls, std::vector<std::unique_ptr<Loop>>& loops) {
  for (auto& [name, port] : options.ports) {
    const bool isQueue = name.starts_with("queue"), isTls = name.ends_with("-tls");
    for (const auto& loop : loops)
      loop->listen(openSocket(options.host, port), isTls ? tls : nullptr, isQueue);
  }
}

void printPorts(const Options& options) {
  std::string json;
  for (const auto& [name, port] : options.ports) {
    json.append(json.empty() ? "{" : ",").append(quoteJson(name)).append(":").append(std::to_string(port));
  }
  printf("%s}\n", json.c_str());
  fflush(stdout);
}

void goFirst() {
  const sched_param priority = {.sched_priority = 1};
  if (sched_setscheduler(0, SCHED_RR, &priority) != 0) {
    fprintf(stderr, "simulator: --realtime is not allowed here: %s\n", strerror(errno));
  }
}

void endWithInput() {
  std::thread([] {
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    _exit(0);
  }).detach();
}

}  // namespace

int main(int count, char** arguments) {
  Options options = readOptions({arguments + 1, arguments + count});
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 10'000UL);
  rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  SSL_CTX* tls = nullptr;
  if (options.ports.contains("blob-tls") || options.ports.contains("queue-tls")) {
    std::string wrong;
    tls = makeTls(options.certificate, options.key, wrong);
    if (tls == nullptr) fail(wrong);
  }
  Service service(options.settings);
  std::vector<std::unique_ptr<Loop>> loops;
  for (uint64_t number = 0; number < options.threads; ++number) {
    loops.push_back(std::make_unique<Loop>(service, static_cast<uint64_t>(wallMilliseconds()) + number));
  }
  openPorts(options, tls, loops);
  printPorts(options);
  if (options.endsWithInput) endWithInput();
  if (options.goesFirst) goFirst();
  for (size_t number = 1; number < loops.size(); ++number) {
    std::thread([&loop = *loops[number]] { loop.run(); }).detach();
  }
  loops[0]->run();
}
