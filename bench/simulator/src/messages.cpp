// The messages of a queue: put, taken for a while, deleted.
#include <algorithm>

#include "encoding.h"
#include "handlers.h"

namespace {

constexpr size_t kLongestText = 65'536;
constexpr uint64_t kMostAtOnce = 32;
constexpr int64_t kDefaultLife = 7 * 24 * 3600;
constexpr int64_t kLongestHiding = 7 * 24 * 3600;
/** 9999-12-31, for messages that do not expire. */
constexpr int64_t kNever = 253'402'300'799'000;

Response outOfRange() {
  return Response::error(
      400, "OutOfRangeQueryParameterValue",
      "One of the query parameters specified in the request URI is outside the permissible range.");
}

Response messageNotFound() {
  return Response::error(404, "MessageNotFound", "The specified message does not exist.");
}

/** What stands in the MessageText of a body. */
std::optional<std::string> readText(std::string_view xml) {
  constexpr std::string_view kOpen = "<MessageText>", kClose = "</MessageText>";
  const size_t open = xml.find(kOpen), close = xml.find(kClose);
  if (close != std::string_view::npos && open < close) {
    return unescapeXml(xml.substr(open + kOpen.size(), close - open - kOpen.size()));
  }
  const bool isEmpty = xml.find("<MessageText/>") != std::string_view::npos ||
                       xml.find("<MessageText />") != std::string_view::npos;
  return isEmpty ? std::optional<std::string>("") : std::nullopt;
}

/** Tells when the message can be taken next, and so changes with every taking. */
std::string receiptOf(const Queue::Key& key) {
  return toBase64(std::to_string(key.first) + ":" + std::to_string(key.second));
}

std::optional<Queue::Key> readReceipt(std::string_view receipt) {
  const std::string text = fromBase64(receipt).value_or("");
  const size_t colon = std::min(text.find(':'), text.size());
  const auto time = toNumber(std::string_view(text).substr(0, colon));
  const auto number =
      colon == text.size() ? std::nullopt : toNumber(std::string_view(text).substr(colon + 1));
  if (!time || !number) return std::nullopt;
  return Queue::Key{static_cast<int64_t>(*time), *number};
}

/** A parameter that is a number. @return -1 when it is none or too large */
int64_t readNumber(const Context& context, std::string_view name, int64_t byDefault, int64_t most) {
  const std::string text = context.request.parameter(name);
  if (text.empty()) return byDefault;
  const auto number = toNumber(text);
  return number && *number <= static_cast<uint64_t>(most) ? static_cast<int64_t>(*number) : -1;
}

void appendMessage(std::string& xml, const Message& message, const Queue::Key* key, bool withText) {
  const auto element = [&xml](std::string_view name, std::string_view value) {
    xml.append("<").append(name).append(">").append(value).append("</").append(name).append(">");
  };
  xml.append("<QueueMessage>");
  element("MessageId", message.id);
  element("InsertionTime", httpDate(message.insertedAt / 1000));
  element("ExpirationTime", httpDate(message.expiresAt / 1000));
  if (key != nullptr) {
    element("PopReceipt", receiptOf(*key));
    element("TimeNextVisible", httpDate(key->first / 1000));
  }
  if (withText) {
    element("DequeueCount", std::to_string(message.timesTaken));
    element("MessageText", escapeXml(message.text));
  }
  xml.append("</QueueMessage>");
}

/** The messages that can be taken now, `most` of them; those that have expired go. */
std::vector<Queue::Key> takeable(Queue& queue, uint64_t most, int64_t time) {
  std::vector<Queue::Key> keys;
  for (auto at = queue.messages.begin();
       at != queue.messages.end() && at->first.first <= time && keys.size() < most;) {
    if (at->second.expiresAt <= time) {
      at = queue.messages.erase(at);
    } else {
      keys.push_back((at++)->first);
    }
  }
  return keys;
}

/** The message of the address and its receipt. */
std::map<Queue::Key, Message>::node_type extractNamed(const Context& context, Queue& queue) {
  const auto key = readReceipt(context.request.parameter("popreceipt"));
  const auto found = key ? queue.messages.find(*key) : queue.messages.end();
  if (found == queue.messages.end() || found->second.id != context.call.name) return {};
  return queue.messages.extract(found);
}

Response list(const Context& context, bool isPeek) {
  Queue* queue = context.queue();
  if (queue == nullptr) return queueNotFound();
  const int64_t most = readNumber(context, "numofmessages", 1, kMostAtOnce);
  const int64_t hiding = readNumber(context, "visibilitytimeout", 30, kLongestHiding);
  if (most < 1 || hiding < 0) return outOfRange();
  const int64_t time = wallMilliseconds();
  std::string xml = "<QueueMessagesList>";
  for (Queue::Key key : takeable(*queue, static_cast<uint64_t>(most), time)) {
    if (isPeek) {
      appendMessage(xml, queue->messages.at(key), nullptr, true);
      continue;
    }
    auto node = queue->messages.extract(key);
    node.key() = key = {time + hiding * 1000, ++context.world.receipts};
    ++node.mapped().timesTaken;
    appendMessage(xml, node.mapped(), &key, true);
    queue->messages.insert(std::move(node));
  }
  return Response::xml(xml + "</QueueMessagesList>");
}

}  // namespace

Response putMessage(const Context& context) {
  Queue* queue = context.queue();
  if (queue == nullptr) return queueNotFound();
  auto text = readText(context.text);
  if (!text) return Response::error(400, "InvalidXmlDocument", "XML specified is not syntactically valid.");
  if (text->size() > kLongestText) {
    return Response::error(413, "RequestBodyTooLarge",
                           "The request body is too large and exceeds the maximum permissible limit.");
  }
  const bool isEndless = context.request.parameter("messagettl") == "-1";
  const int64_t life = isEndless ? 0 : readNumber(context, "messagettl", kDefaultLife, INT32_MAX);
  const int64_t hiding = readNumber(context, "visibilitytimeout", 0, kLongestHiding);
  if (life < (isEndless ? 0 : 1) || hiding < 0) return outOfRange();
  if (!isEndless && hiding >= life) {
    return Response::error(400, "InvalidQueryParameterValue",
                           "The visibility timeout must be shorter than the time to live.");
  }

  World& world = context.world;
  ++world.messagesPut;
  const int64_t time = wallMilliseconds();
  const Queue::Key key = {time + hiding * 1000, ++world.receipts};
  Message message = {.id = toGuid(world.random.next(), key.second),
                     .text = std::move(*text),
                     .insertedAt = time,
                     .expiresAt = isEndless ? kNever : time + life * 1000};
  std::string xml = "<QueueMessagesList>";
  appendMessage(xml, message, &key, false);
  if (context.settings.forget ||
      static_cast<double>(queue->messages.size()) >= context.settings.keepMessages) {
    ++queue->notKept;
  } else {
    queue->messages.emplace(key, std::move(message));
  }
  Response response = Response::xml(xml + "</QueueMessagesList>");
  response.status = 201;
  return response;
}

Response getMessages(const Context& context) { return list(context, false); }

Response peekMessages(const Context& context) { return list(context, true); }

Response updateMessage(const Context& context) {
  Queue* queue = context.queue();
  if (queue == nullptr) return queueNotFound();
  const int64_t hiding = readNumber(context, "visibilitytimeout", -1, kLongestHiding);
  if (hiding < 0) return outOfRange();
  auto node = extractNamed(context, *queue);
  if (node.empty()) return messageNotFound();
  if (auto text = readText(context.text)) node.mapped().text = std::move(*text);
  const Queue::Key key = {wallMilliseconds() + hiding * 1000, ++context.world.receipts};
  node.key() = key;
  queue->messages.insert(std::move(node));
  return Response(204)
      .with("x-ms-popreceipt", receiptOf(key))
      .with("x-ms-time-next-visible", httpDate(key.first / 1000));
}

Response deleteMessage(const Context& context) {
  Queue* queue = context.queue();
  if (queue == nullptr) return queueNotFound();
  return extractNamed(context, *queue).empty() ? messageNotFound() : Response(204);
}

Response clearMessages(const Context& context) {
  Queue* queue = context.queue();
  if (queue == nullptr) return queueNotFound();
  queue->messages.clear();
  queue->notKept = 0;
  return Response(204);
}
