// Queues: made, counted, listed.
#include "encoding.h"
#include "handlers.h"

Response createQueue(const Context& context) {
  auto& queues = context.account().queues;
  const std::string metadata = context.request.headersWith("x-ms-meta-");
  const auto [queue, isNew] = queues.try_emplace(context.call.place);
  if (isNew) queue->second.metadata = metadata;
  if (!isNew && queue->second.metadata != metadata) {
    return Response::error(409, "QueueAlreadyExists", "The specified queue already exists.");
  }
  return Response(isNew ? 201 : 204);
}

Response deleteQueue(const Context& context) {
  auto& queues = context.account().queues;
  const auto found = queues.find(context.call.place);
  if (found == queues.end()) return queueNotFound();
  queues.erase(found);
  return Response(204);
}

Response getQueueMetadata(const Context& context) {
  const Queue* queue = context.queue();
  if (queue == nullptr) return queueNotFound();
  Response response(200);
  response.headers.append(queue->metadata);
  return response.with("x-ms-approximate-messages-count",
                       std::to_string(queue->messages.size() + queue->notKept));
}

Response setQueueMetadata(const Context& context) {
  Queue* queue = context.queue();
  if (queue == nullptr) return queueNotFound();
  queue->metadata = context.request.headersWith("x-ms-meta-");
  return Response(204);
}

Response listQueues(const Context& context) {
  const std::string prefix = context.request.parameter("prefix");
  std::string xml = "<EnumerationResults><Prefix>" + escapeXml(prefix) + "</Prefix><Queues>";
  for (const auto& [name, queue] : context.account().queues) {
    if (name.starts_with(prefix))
      xml.append("<Queue><Name>").append(escapeXml(name)).append("</Name></Queue>");
  }
  return Response::xml(xml + "</Queues><NextMarker /></EnumerationResults>");
}
