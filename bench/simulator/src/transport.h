// A connection's bytes, plain or over TLS, without blocking.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <string>
#include <string_view>

class Transport {
 public:
  /** Takes over the socket. @param tls null for plain bytes */
  Transport(int socket, SSL_CTX* tls);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport();

  int socket() const { return socket_; }

  enum class Outcome { kDone, kLater, kClosed };

  /** @param count how many bytes came, with kDone */
  Outcome read(char* buffer, size_t size, size_t& count);
  /** @param count how many bytes went, with kDone: not always all */
  Outcome write(std::string_view bytes, size_t& count);
  /** Whether bytes may have come in that the socket no longer shows. */
  bool holdsMore() const { return tls_ != nullptr && SSL_has_pending(tls_) != 0; }
  /** Whether reading waits until the socket can be written to. */
  bool readWantsWrite() const { return readWantsWrite_; }
  /** Closing sends a reset, so that the other side sees a broken connection. */
  void breakOnClose();

 private:
  Outcome outcomeOfTls(int result);

  int socket_;
  SSL* tls_;
  bool readWantsWrite_ = false;
  bool breaks_ = false;
};

/** @return null with the reason in `wrong` when the files are of no use */
SSL_CTX* makeTls(const std::string& certificatePath, const std::string& keyPath, std::string& wrong);
