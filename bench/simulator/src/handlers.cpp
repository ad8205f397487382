#include "handlers.h"

#include <array>

#include "encoding.h"

namespace {

using Handler = Response (*)(const Context&);

Response unknown(const Context&) {
  return Response::error(400, "UnsupportedHttpVerb", "The simulator does not know this call.");
}

constexpr std::array<std::pair<Operation, Handler>, 31> kHandlers = {{
    {Operation::kPutBlob, putBlob},
    {Operation::kPutBlobFromUrl, putBlobFromUrl},
    {Operation::kCopyBlob, copyBlob},
    {Operation::kPutBlock, putBlock},
    {Operation::kPutBlockFromUrl, putBlockFromUrl},
    {Operation::kPutBlockList, putBlockList},
    {Operation::kGetBlockList, getBlockList},
    {Operation::kGetBlob, getBlob},
    {Operation::kGetBlobProperties, getBlob},
    {Operation::kSetBlobProperties, setBlobProperties},
    {Operation::kDeleteBlob, deleteBlob},
    {Operation::kLeaseBlob, leaseBlob},
    {Operation::kListBlobs, listBlobs},
    {Operation::kCreateContainer, createContainer},
    {Operation::kGetContainerProperties, getContainerProperties},
    {Operation::kDeleteContainer, deleteContainer},
    {Operation::kListContainers, listContainers},
    {Operation::kGetAccountInformation, getAccountInformation},
    {Operation::kGetServiceProperties, getServiceProperties},
    {Operation::kSetServiceProperties, setServiceProperties},
    {Operation::kCreateQueue, createQueue},
    {Operation::kDeleteQueue, deleteQueue},
    {Operation::kGetQueueMetadata, getQueueMetadata},
    {Operation::kSetQueueMetadata, setQueueMetadata},
    {Operation::kListQueues, listQueues},
    {Operation::kPutMessage, putMessage},
    {Operation::kGetMessages, getMessages},
    {Operation::kPeekMessages, peekMessages},
    {Operation::kUpdateMessage, updateMessage},
    {Operation::kDeleteMessage, deleteMessage},
    {Operation::kClearMessages, clearMessages},
}};

constexpr auto kByOperation = [] {
  std::array<Handler, static_cast<size_t>(Operation::kCount)> handlers = {};
  handlers[0] = unknown;
  for (const auto& [operation, handler] : kHandlers) handlers[static_cast<size_t>(operation)] = handler;
  return handlers;
}();
static_assert([] {
  for (const Handler handler : kByOperation) {
    if (handler == nullptr) return false;
  }
  return true;
}());

}  // namespace

Response handle(const Context& context) {
  const bool hasAuth =
      !context.request.header("authorization").empty() || context.request.hasParameter("sig");
  if (context.settings.needAuth && !hasAuth) {
    return Response::error(
               401, "NoAuthenticationInformation",
               "Server failed to authenticate the request. Please refer to the information in the "
               "www-authenticate header.")
        .with("WWW-Authenticate",
              "Bearer authorization_uri=https://login.microsoftonline.com/simulator/oauth2/authorize "
              "resource_id=https://storage.azure.com");
  }
  return kByOperation[static_cast<size_t>(context.call.operation)](context);
}

Container* Context::container() const {
  Account& account = this->account();
  const auto found = account.containers.find(call.place);
  if (found != account.containers.end()) return &found->second;
  if (!settings.autoCreate && !SourceRule::of(call.place)) return nullptr;
  return &account.containers.try_emplace(call.place, world.newStamp()).first->second;
}

Queue* Context::queue() const {
  Account& account = this->account();
  const auto found = account.queues.find(call.place);
  if (found != account.queues.end()) return &found->second;
  return settings.autoCreate ? &account.queues[call.place] : nullptr;
}

Response containerNotFound() {
  return Response::error(404, "ContainerNotFound", "The specified container does not exist.");
}

Response blobNotFound() { return Response::error(404, "BlobNotFound", "The specified blob does not exist."); }

Response queueNotFound() {
  return Response::error(404, "QueueNotFound", "The specified queue does not exist.");
}

std::string etagOf(uint64_t stamp) {
  std::string etag = "\"0x";
  appendHex(etag, stamp, 16, true);
  return etag += '"';
}

void addVersion(Response& response, uint64_t stamp) {
  response.with("ETag", etagOf(stamp)).with("Last-Modified", httpDate(World::secondsOf(stamp)));
}

std::optional<ByteRange> readRange(std::string_view header, uint64_t length) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto start = toNumber(header.substr(0, dash));
  const auto last = dash + 1 == header.size() ? UINT64_MAX : toNumber(header.substr(dash + 1));
  if (!start || !last || *last < *start) return std::nullopt;
  if (*start >= length) return ByteRange{*start, 0};
  return ByteRange{*start, std::min(*last, length - 1) - *start + 1};
}
