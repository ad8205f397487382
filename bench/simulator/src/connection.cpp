#include "connection.h"

#include <utility>

#include "loop.h"

namespace {

constexpr size_t kLongestHead = 64 * 1024;
/** No client sends so much before it has its answer. */
constexpr size_t kMostEarly = 1 << 20;
/** At one go, so that a large body does not keep the others waiting. */
constexpr size_t kMostAtOnce = 1 << 20;
/** Content that goes with the head in one write. */
constexpr size_t kWithHead = 64 * 1024;

}  // namespace

Connection::Connection(Loop& loop, uint64_t id, int socket, SSL_CTX* tls, bool isQueuePort)
    : loop_(loop), id_(id), transport_(socket, tls), isQueuePort_(isQueuePort) {
  loop.service.gauges().connections.rise();
}

Connection::~Connection() {
  if (isInFlight_) loop_.service.gauges().inFlight.fall();
  loop_.service.gauges().connections.fall();
}

void Connection::onReady(bool canRead, bool canWrite) {
  if (canRead || transport_.readWantsWrite()) readAll();
  if (canWrite && stage_ == Stage::kSending) flush();
  if (stage_ == Stage::kHead && !early_.empty()) consume(std::exchange(early_, {}));
}

void Connection::readAll() {
  size_t total = 0;
  while (!isClosed()) {
    size_t count = 0;
    const auto outcome = transport_.read(loop_.buffer.data(), loop_.buffer.size(), count);
    if (outcome == Transport::Outcome::kLater) return;
    if (outcome == Transport::Outcome::kClosed) return close();
    consume(std::string_view(loop_.buffer).substr(0, count));
    total += count;
    // What the socket still has shows again in the next turn.
    if (!transport_.holdsMore() && (count < loop_.buffer.size() || total >= kMostAtOnce)) return;
  }
}

void Connection::consume(std::string_view input) {
  while (!input.empty() && !isClosed()) {
    if (stage_ == Stage::kHead) {
      input.remove_prefix(takeHead(input));
    } else if (stage_ == Stage::kBody) {
      input.remove_prefix(takeBody(input));
    } else {
      early_.append(input);
      if (early_.size() > kMostEarly) close();
      return;
    }
  }
}

size_t Connection::takeHead(std::string_view input) {
  if (!exchange_) exchange_ = std::make_unique<Exchange>();
  std::string& head = exchange_->head;
  const size_t old = head.size();
  head.append(input.substr(0, 8192));
  const size_t end = head.find("\r\n\r\n", old < 3 ? 0 : old - 3);
  if (end == std::string::npos) {
    if (head.size() > kLongestHead) refuse("its head is too long");
    return std::min<size_t>(input.size(), 8192);
  }
  head.resize(end + 4);
  const size_t taken = head.size() - old;
  beginRequest();
  return taken;
}

void Connection::beginRequest() {
  Exchange& exchange = *exchange_;
  if (!exchange.request.parse(exchange.head)) return refuse("it is not HTTP/1.1");
  if (!exchange.body.begin(exchange.request)) return refuse("its length is not clear");
  loop_.service.begin(exchange, isQueuePort_);
  stage_ = Stage::kBody;
  if (exchange.body.done()) return endRequest();
  if (!exchange.request.header("expect").empty()) {
    // It is short and first on its way: it goes at once, or the client comes without.
    size_t count;
    transport_.write("HTTP/1.1 100 Continue\r\n\r\n", count);
  }
}

size_t Connection::takeBody(std::string_view input) {
  Exchange& exchange = *exchange_;
  bool fits = true;
  const size_t taken = exchange.body.take(
      input, [&](std::string_view piece) { fits = fits && loop_.service.takeBody(exchange, piece); });
  if (exchange.body.failed()) {
    refuse("its chunks are not clear");
  } else if (!fits) {
    refuse("its body is too long");
  } else if (exchange.body.done()) {
    endRequest();
  }
  return taken;
}

void Connection::endRequest() {
  Exchange& exchange = *exchange_;
  if (Service::isControl(exchange.request)) {
    exchange.response = loop_.service.control(exchange.request, exchange.text);
    return send();
  }
  loop_.service.gauges().inFlight.rise();
  isInFlight_ = true;
  loop_.stats.bytesIn.add(exchange.bodyLength);
  loop_.service.judge(exchange, loop_.turn, loop_.random, loop_.stats);
  stage_ = Stage::kWaiting;
  if (exchange.fate == Fate::kHang) return;
  if (exchange.due > loop_.turn) return waitUntil(Stage::kWaiting, exchange.due);
  onTime();
}

void Connection::waitUntil(Stage stage, Nanoseconds due) {
  stage_ = stage;
  exchange_->due = loop_.callAt(due, id_);
}

void Connection::onTime() {
  Exchange& exchange = *exchange_;
  if (exchange.due > loop_.turn) return;
  if (stage_ == Stage::kWaiting) {
    if (exchange.fate == Fate::kReset) {
      transport_.breakOnClose();
      return close();
    }
    const Nanoseconds through = loop_.service.answer(exchange, loop_.turn);
    if (exchange.fate == Fate::kLoseReply) {
      transport_.breakOnClose();
      return close();
    }
    if (through > loop_.turn) return waitUntil(Stage::kLine, through);
  }
  send();
  if (stage_ == Stage::kHead && !early_.empty()) consume(std::exchange(early_, {}));
}

void Connection::send() {
  Exchange& exchange = *exchange_;
  Response& response = *exchange.response;
  const std::string requestId = loop_.newRequestId();
  response.finish(requestId);
  const bool isHead = exchange.request.method == "HEAD";
  if (isHead) response.text.clear();
  output_ = response.head(exchange.request, requestId) + response.text;
  if (isHead) response.contentLength = 0;
  contentSent_ = 0;
  while (contentSent_ < response.contentLength && output_.size() < kWithHead) {
    const std::string_view piece = response.content->from(response.contentStart + contentSent_);
    const size_t count =
        std::min({piece.size(), response.contentLength - contentSent_, kWithHead - output_.size()});
    output_.append(piece.substr(0, count));
    contentSent_ += count;
  }
  if (isInFlight_) loop_.stats.bytesOut.add(response.text.size() + response.contentLength);
  stage_ = Stage::kSending;
  outputSent_ = 0;
  flush();
}

void Connection::flush() {
  const Response& response = *exchange_->response;
  size_t total = 0;
  for (;;) {
    const bool isContent = outputSent_ == output_.size();
    if (isContent && contentSent_ == response.contentLength) return finish();
    std::string_view piece = std::string_view(output_).substr(outputSent_);
    if (isContent) {
      piece = response.content->from(response.contentStart + contentSent_);
      piece = piece.substr(0, response.contentLength - contentSent_);
    }
    size_t count = 0;
    const auto outcome = total < kMostAtOnce ? transport_.write(piece, count) : Transport::Outcome::kLater;
    if (outcome == Transport::Outcome::kClosed) return close();
    if (outcome == Transport::Outcome::kLater) {
      if (!watchesWrite_) loop_.watch(*this, id_, true);
      watchesWrite_ = true;
      return;
    }
    total += count;
    isContent ? contentSent_ += count : outputSent_ += count;
  }
}

void Connection::finish() {
  const Exchange& exchange = *exchange_;
  if (isInFlight_) {
    const int status = exchange.response->status;
    loop_.stats.countAnswer(exchange.call.operation, status);
    loop_.service.gauges().inFlight.fall();
    isInFlight_ = false;
  }
  if (watchesWrite_) loop_.watch(*this, id_, false);
  watchesWrite_ = false;
  const bool keepAlive = exchange.request.keepAlive;
  exchange_.reset();
  output_.clear();
  stage_ = Stage::kHead;
  if (!keepAlive) close();
}

void Connection::refuse(std::string_view why) {
  exchange_->request.keepAlive = false;
  exchange_->response = Response::error(
      400, "InvalidInput", std::string("The request cannot be understood: ").append(why).append("."));
  send();
}

void Connection::close() {
  if (isInFlight_) loop_.stats.countAnswer(exchange_->call.operation, 0);
  stage_ = Stage::kClosed;
}
