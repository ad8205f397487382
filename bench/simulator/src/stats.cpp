#include "stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace {

constexpr std::string_view kNames[] = {
    "Unknown",
    "PutBlob",
    "PutBlobFromUrl",
    "CopyBlob",
    "PutBlock",
    "PutBlockFromUrl",
    "PutBlockList",
    "GetBlockList",
    "GetBlob",
    "GetBlobProperties",
    "SetBlobProperties",
    "DeleteBlob",
    "LeaseBlob",
    "ListBlobs",
    "CreateContainer",
    "GetContainerProperties",
    "DeleteContainer",
    "ListContainers",
    "GetAccountInformation",
    "GetServiceProperties",
    "SetServiceProperties",
    "CreateQueue",
    "DeleteQueue",
    "GetQueueMetadata",
    "SetQueueMetadata",
    "ListQueues",
    "PutMessage",
    "GetMessages",
    "PeekMessages",
    "UpdateMessage",
    "DeleteMessage",
    "ClearMessages",
};
static_assert(std::size(kNames) == static_cast<size_t>(Operation::kCount));

constexpr Counter Stats::*kSums[] = {&Stats::bytesIn,     &Stats::bytesOut,       &Stats::connections,
                                     &Stats::throttled,   &Stats::errors,         &Stats::resets,
                                     &Stats::lostReplies, &Stats::hangs,          &Stats::onTime,
                                     &Stats::late,        &Stats::lateNanoseconds};

double processorSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/** Bytes in memory, of this process. */
uint64_t residentBytes() {
  unsigned long total = 0, resident = 0;
  if (FILE* file = fopen("/proc/self/statm", "r")) {
    if (fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
    fclose(file);
  }
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string operationsJson(const Stats& stats) {
  std::string json = "{";
  for (size_t operation = 0; operation < std::size(kNames); ++operation) {
    std::string statuses;
    for (size_t status = 0; status < Stats::kStatuses; ++status) {
      const uint64_t count = stats.answers[operation][status].get();
      if (count == 0) continue;
      statuses.append(statuses.empty() ? "" : ",");
      statuses.append("\"").append(std::to_string(status)).append("\":").append(std::to_string(count));
    }
    if (statuses.empty()) continue;
    json.append(json.size() == 1 ? "\"" : ",\"")
        .append(kNames[operation])
        .append("\":{")
        .append(statuses)
        .append("}");
  }
  return json + "}";
}

}  // namespace

void Stats::clear() {
  for (auto& statuses : answers) {
    for (Counter& count : statuses) count.clear();
  }
  for (const auto sum : kSums) (this->*sum).clear();
  latest.clear();
}

void Stats::add(const Stats& other) {
  for (size_t operation = 0; operation < answers.size(); ++operation) {
    for (size_t status = 0; status < kStatuses; ++status) {
      answers[operation][status].add(other.answers[operation][status].get());
    }
  }
  for (const auto sum : kSums) (this->*sum).add((other.*sum).get());
  latest.raiseTo(other.latest.get());
}

std::string toJsonFields(const Stats& stats, const Gauges& gauges) {
  const uint64_t delays = stats.onTime.get() + stats.late.get();
  const double meanLate = delays == 0 ? 0
                                      : static_cast<double>(stats.lateNanoseconds.get()) /
                                            static_cast<double>(delays) / kMillisecond;
  const std::pair<std::string_view, double> numbers[] = {
      {"bytesIn", static_cast<double>(stats.bytesIn.get())},
      {"bytesOut", static_cast<double>(stats.bytesOut.get())},
      {"inFlight", static_cast<double>(gauges.inFlight.get())},
      {"inFlightPeak", static_cast<double>(gauges.inFlight.peak())},
      {"connections", static_cast<double>(gauges.connections.get())},
      {"connectionsPeak", static_cast<double>(gauges.connections.peak())},
      {"connectionsMade", static_cast<double>(stats.connections.get())},
      {"throttled", static_cast<double>(stats.throttled.get())},
      {"errors", static_cast<double>(stats.errors.get())},
      {"resets", static_cast<double>(stats.resets.get())},
      {"lostReplies", static_cast<double>(stats.lostReplies.get())},
      {"hangs", static_cast<double>(stats.hangs.get())},
      {"delayed", static_cast<double>(delays)},
      {"lateByOver1Ms", static_cast<double>(stats.late.get())},
      {"lateMeanMs", meanLate},
      {"lateMaxMs", static_cast<double>(stats.latest.get()) / kMillisecond},
      {"cpuSeconds", processorSeconds()},
      {"rssBytes", static_cast<double>(residentBytes())},
  };
  std::string json = "\"operations\":" + operationsJson(stats);
  for (const auto& [name, number] : numbers) {
    char text[32];
    snprintf(text, sizeof text, "%.15g", number);
    json.append(",\"").append(name).append("\":").append(text);
  }
  return json;
}
