#include "encoding.h"
#include "exchange.h"

namespace {

constexpr std::string_view kVersion = "2025-01-05";

std::string_view reasonOf(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Request Entity Too Large";
    case 416: return "Requested Range Not Satisfiable";
    case 429: return "Too Many Requests";
    case 503: return "Server Busy";
    default: return status < 500 ? "Error" : "Internal Server Error";
  }
}

/** Of this second; made once a second. */
const std::string& currentDate() {
  thread_local int64_t madeFor = 0;
  thread_local std::string date;
  const int64_t second = wallMilliseconds() / 1000;
  if (second != madeFor) date = httpDate(second);
  madeFor = second;
  return date;
}

}  // namespace

Response Response::error(int status, std::string_view code, std::string_view message) {
  Response response(status);
  response.code = code;
  response.text.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>").append(code);
  response.text.append("</Code><Message>").append(escapeXml(message));
  response.with("x-ms-error-code", code).with("Content-Type", "application/xml");
  return response;
}

Response Response::xml(std::string text) {
  Response response;
  response.text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + std::move(text);
  response.with("Content-Type", "application/xml");
  return response;
}

Response Response::json(int status, std::string text) {
  Response response(status);
  response.text = std::move(text);
  response.with("Content-Type", "application/json");
  return response;
}

void Response::finish(std::string_view requestId) {
  if (code.empty()) return;
  text.append("\nRequestId:").append(requestId).append("\nTime:").append(isoDate(wallMilliseconds()));
  text.append("</Message></Error>");
}

std::string Response::head(const Request& request, std::string_view requestId) const {
  std::string head;
  head.reserve(512);
  head.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reasonOf(status)).append("\r\n");
  head.append("Server: Windows-Azure-Blob/1.0 Storage-Simulator\r\nx-ms-request-id: ")
      .append(requestId)
      .append("\r\n");
  const std::string_view version = request.header("x-ms-version");
  head.append("x-ms-version: ").append(version.empty() ? kVersion : version).append("\r\n");
  if (const std::string_view id = request.header("x-ms-client-request-id"); !id.empty()) {
    head.append("x-ms-client-request-id: ").append(id).append("\r\n");
  }
  head.append("Date: ").append(currentDate()).append("\r\n").append(headers);
  if (!request.keepAlive) head.append("Connection: close\r\n");
  if (status != 304) {
    head.append("Content-Length: ").append(std::to_string(text.size() + contentLength)).append("\r\n");
  }
  return head.append("\r\n");
}
