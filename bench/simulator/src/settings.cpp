#include "settings.h"

#include <cmath>
#include <cstdlib>
#include <optional>

#include "encoding.h"

namespace {

std::optional<double> toAmount(const std::string& text) {
  char* end = nullptr;
  const double amount = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(amount) || amount < 0) return std::nullopt;
  return amount;
}

bool setAmount(double& amount, const std::string& text) {
  const auto number = toAmount(text);
  if (number) amount = *number;
  return number.has_value();
}

/** Reads `one<separator>other`. */
bool setPair(double& one, double& other, const std::string& text, char separator) {
  const size_t middle = text.find(separator);
  return middle != std::string::npos && setAmount(one, text.substr(0, middle)) &&
         setAmount(other, text.substr(middle + 1));
}

bool setLatency(Conduct& conduct, const std::string& text) {
  constexpr std::string_view kLognormal = "lognormal:";
  if (text.starts_with(kLognormal)) {
    return setPair(conduct.medianMs, conduct.sigma, text.substr(kLognormal.size()), ',');
  }
  conduct.sigma = 0;
  return setAmount(conduct.medianMs, text);
}

bool setStragglers(Conduct& conduct, const std::string& text) {
  if (text == "0") return setAmount(conduct.stragglerPercent, text);
  return setPair(conduct.stragglerPercent, conduct.stragglerMs, text, ':') && conduct.stragglerPercent <= 100;
}

template <double Conduct::*kField>
bool setPercent(Conduct& conduct, const std::string& text) {
  return setAmount(conduct.*kField, text) && conduct.*kField <= 100;
}

template <double Settings::*kField>
bool setNumber(Settings& settings, const std::string& text) {
  return setAmount(settings.*kField, text);
}

template <bool Settings::*kField>
bool setSwitch(Settings& settings, const std::string& text) {
  settings.*kField = text == "true";
  return text == "true" || text == "false";
}

bool setThrottleStatus(Settings& settings, const std::string& text) {
  return (text == "429" || text == "503") && setAmount(settings.throttleStatus, text);
}

bool setEffect(Settings& settings, const std::string& text) {
  settings.effectFirst = text == "first";
  return text == "first" || text == "last";
}

bool keepContainer(Settings& settings, const std::string& text) {
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(',', start), text.size());
    const std::string name = text.substr(start, end - start);
    if (name.empty()) return false;
    if (!settings.keeps(name)) settings.keptContainers.push_back(name);
    start = end + 1;
  }
  return true;
}

template <typename Owner>
struct Setting {
  std::string_view name, form, meaning;
  bool (*set)(Owner&, const std::string&);
};

constexpr Setting<Conduct> kConducts[] = {
    {"latency", "MS|lognormal:MEDIAN,SIGMA", "how long a call takes from its last byte to the answer",
     setLatency},
    {"stragglers", "PERCENT:MS", "so many calls take so much longer; 0 for none", setStragglers},
    {"errors", "PERCENT", "answered with 500 InternalError, without effect", setPercent<&Conduct::errors>},
    {"resets", "PERCENT", "connection reset, without effect", setPercent<&Conduct::resets>},
    {"lost-replies", "PERCENT", "connection reset after the effect", setPercent<&Conduct::lostReplies>},
    {"hangs", "PERCENT", "never answered, without effect", setPercent<&Conduct::hangs>},
};

constexpr Setting<Settings> kGeneral[] = {
    {"account-rate", "N", "requests/s of an account, more are refused; 0: any",
     setNumber<&Settings::accountRate>},
    {"queue-rate", "N", "requests/s of one queue; 0: any", setNumber<&Settings::queueRate>},
    {"burst-ms", "MS", "how much of a rate may come at once (100)", setNumber<&Settings::burstMs>},
    {"throttle-status", "429|503", "how what is over a rate is refused (503)", setThrottleStatus},
    {"retry-after-ms", "MS", "Retry-After of these refusals; 0: none", setNumber<&Settings::retryAfterMs>},
    {"account-bandwidth", "BYTES", "bytes/s of bodies, each way; 0: any",
     setNumber<&Settings::accountBandwidth>},
    {"effect", "first|last", "a call has its effect before or after its latency (last)", setEffect},
    {"check-md5", "true|false", "compute the MD5 of bodies and refuse wrong ones",
     setSwitch<&Settings::checkMd5>},
    {"need-auth", "true|false", "refuse calls without Authorization or SAS", setSwitch<&Settings::needAuth>},
    {"forget", "true|false", "keep counts only, no blobs or messages", setSwitch<&Settings::forget>},
    {"auto-create", "true|false", "containers and queues need not be created",
     setSwitch<&Settings::autoCreate>},
    {"source-md5", "true|false", "generated sources have a Content-MD5", setSwitch<&Settings::sourceMd5>},
    {"keep-messages", "N", "more in a queue are counted, not kept (100000)",
     setNumber<&Settings::keepMessages>},
    {"keep-container", "NAME[,NAME]", "their blobs keep their bytes; may be given several times", keepContainer},
    {"keep-bytes", "N", "of all these blobs; writes beyond are refused (268435456)",
     setNumber<&Settings::mostKeptBytes>},
};

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list.append(list.empty() ? "" : ",").append(name);
  return list;
}

constexpr std::string_view kClasses[] = {"read-", "write-", "queue-"};

void appendHelp(std::string& text, std::string_view name, std::string_view form, std::string_view meaning) {
  std::string line = std::string("  --").append(name).append(" ").append(form);
  line.resize(std::max<size_t>(line.size() + 1, 44), ' ');
  text.append(line).append(meaning).append("\n");
}

}  // namespace

Nanoseconds Conduct::drawLatency(Random& random) const {
  double ms = sigma > 0 ? medianMs * std::exp(sigma * random.normal()) : medianMs;
  if (random.happens(stragglerPercent)) ms += stragglerMs;
  return static_cast<Nanoseconds>(ms * kMillisecond);
}

std::string Settings::set(const std::string& name, const std::string& value) {
  bool isKnown = false;
  bool isSet = true;
  for (int callClass = 0; callClass < 3; ++callClass) {
    const std::string_view prefix = kClasses[callClass];
    const std::string field = name.starts_with(prefix) ? name.substr(prefix.size()) : name;
    // Without a class in front, it is for all of them.
    for (const auto& setting : kConducts) {
      if (setting.name != field) continue;
      isKnown = true;
      isSet = isSet && setting.set(conduct[callClass], value);
    }
  }
  for (const auto& setting : kGeneral) {
    if (setting.name != name) continue;
    isKnown = true;
    isSet = setting.set(*this, value);
  }
  if (!isKnown) return "there is no setting " + name;
  if (!isSet) return name + " cannot be " + value;
  // Of a setting that adds to what was given before, the whole is told.
  std::string& given = given_[name];
  given = name == "keep-container" ? joined(keptContainers) : value;
  return {};
}

std::string Settings::toJson() const {
  std::string json;
  for (const auto& [name, value] : given_) {
    json.append(json.empty() ? "{" : ",").append(quoteJson(name)).append(":").append(quoteJson(value));
  }
  return json.empty() ? "{}" : json + "}";
}

std::string Settings::help() {
  std::string text =
      "Of all calls, or with read-, write- or queue- in front of those (--write-latency 20):\n";
  for (const auto& setting : kConducts) appendHelp(text, setting.name, setting.form, setting.meaning);
  text += "Of the whole:\n";
  for (const auto& setting : kGeneral) appendHelp(text, setting.name, setting.form, setting.meaning);
  return text;
}

namespace {

/** Takes JSON apart that is one object of texts, numbers and booleans. */
class FlatJson {
 public:
  explicit FlatJson(std::string_view json) : rest_(json) {}

  bool take(char mark) {
    skipSpace();
    if (rest_.empty() || rest_.front() != mark) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /** A text, or a number or boolean as text. */
  std::optional<std::string> value() {
    if (!take('"')) {
      const size_t end = std::min(rest_.find_first_of(" \t\r\n,}"), rest_.size());
      return cut(end, 0);
    }
    // Escapes are not needed in any setting.
    const size_t end = rest_.find_first_of("\"\\");
    if (end == std::string_view::npos || rest_[end] == '\\') return std::nullopt;
    return cut(end, 1);
  }

  bool isEmpty() {
    skipSpace();
    return rest_.empty();
  }

 private:
  void skipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  std::string cut(size_t end, size_t mark) {
    const std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + mark);
    return text;
  }

  std::string_view rest_;
};

}  // namespace

std::string CurrentSettings::change(std::string_view json) {
  const std::string wanted = "wanted is a JSON object of settings";
  Settings changed = get();
  FlatJson parts(json);
  if (!parts.take('{')) return wanted;
  if (!parts.take('}')) {
    do {
      const auto name = parts.value();
      if (!name || !parts.take(':')) return wanted;
      const auto value = parts.value();
      if (!value) return wanted;
      const std::string wrong = changed.set(*name, *value);
      if (!wrong.empty()) return wrong;
    } while (parts.take(','));
    if (!parts.take('}')) return wanted;
  }
  if (!parts.isEmpty()) return wanted;
  replace(changed);
  return {};
}
