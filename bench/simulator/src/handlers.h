// The calls of the storage API, one function each, and what they share. The world's mutex is held.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exchange.h"

Response putBlob(const Context&);
Response putBlobFromUrl(const Context&);
Response copyBlob(const Context&);
Response setBlobProperties(const Context&);
Response deleteBlob(const Context&);
Response getBlob(const Context&);
Response putBlock(const Context&);
Response putBlockFromUrl(const Context&);
Response putBlockList(const Context&);
Response getBlockList(const Context&);
Response leaseBlob(const Context&);
Response listBlobs(const Context&);
Response listContainers(const Context&);
Response createContainer(const Context&);
Response getContainerProperties(const Context&);
Response deleteContainer(const Context&);
Response getAccountInformation(const Context&);
Response getServiceProperties(const Context&);
Response setServiceProperties(const Context&);
Response listQueues(const Context&);
Response createQueue(const Context&);
Response deleteQueue(const Context&);
Response getQueueMetadata(const Context&);
Response setQueueMetadata(const Context&);
Response putMessage(const Context&);
Response getMessages(const Context&);
Response peekMessages(const Context&);
Response updateMessage(const Context&);
Response deleteMessage(const Context&);
Response clearMessages(const Context&);

Response containerNotFound();
Response blobNotFound();
Response queueNotFound();

/** With its quotes. */
std::string etagOf(uint64_t stamp);
/** Adds ETag and Last-Modified. */
void addVersion(Response& response, uint64_t stamp);

/** What a reader is told of a blob that is stored, or that a source's rule makes up. */
struct Facts {
  Content content;
  std::optional<Md5> md5;
  uint64_t stamp = 0;
  std::string_view contentType;
  /** Lines of encoding, language, disposition and cache control. */
  std::string_view contentHeaders;
  std::string_view metadata;
  /** Null when it is made up. */
  const Blob* blob = nullptr;
  std::string_view leaseId;
  Lease::State leaseState = Lease::State::kAvailable;
  bool leaseEnds = false;
};

/** Nothing when there is no such blob. */
std::optional<Facts> lookUp(const Context& context, const BlobAddress& address);

/** The source of a copy: its facts, or why it cannot be read. */
struct CopySource {
  std::optional<Facts> facts;
  std::optional<Response> refused;

  static CopySource of(const Context& context);
};

/** @return why the conditions or a lease keep the request from reading this blob */
std::optional<Response> refuseRead(const Request& request, const Facts& facts);
/** @return why the conditions of the request keep it from changing the lease of this blob */
std::optional<Response> refuseLease(const Request& request, uint64_t stamp);
/** @param blob null when there is none @return why the conditions or a lease keep the request from writing */
std::optional<Response> refuseWrite(const Context& context, Container& container, Blob* blob);

/** The container of a blob to be written. @return why the request must not write it */
std::optional<Response> refuseWriting(const Context& context, Container*& container);

/** The MD5 that a header gives, or why it is refused. */
struct GivenMd5 {
  std::optional<Md5> md5;
  std::optional<Response> refused;

  /** @param isOfBody whether it has to be the body's own, where that was computed */
  GivenMd5(const Context& context, std::string_view header, bool isOfBody = true);
};

/** A whole blob in place of what was there. */
struct NewBlob {
  uint64_t length = 0;
  std::optional<Md5> md5;
  std::string_view contentType;
  std::string contentHeaders;
  std::string metadata;
  /** What it holds, of one that is to be kept. */
  Kept kept = nullptr;
};

/**
 * Lines of the content headers besides the type that the request gives a blob.
 *
 * @param source lines that stand for those that the request does not name
 */
std::string contentHeadersOf(const Request& request, std::string_view source = {});

Response writeBlob(const Context& context, Container& container, NewBlob made, int status);

/** How a lease's state is spelt. */
std::string_view nameOf(Lease::State state);
bool isHeld(Lease::State state);

struct ByteRange {
  uint64_t start, count;
};

/** A header like `bytes=0-99`; nothing when there is none or it is of another form. */
std::optional<ByteRange> readRange(std::string_view header, uint64_t length);
