#include "transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

Transport::Transport(int socket, SSL_CTX* tls) : socket_(socket), tls_(nullptr) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls == nullptr) return;
  tls_ = SSL_new(tls);
  SSL_set_fd(tls_, socket);
  SSL_set_accept_state(tls_);
}

Transport::~Transport() {
  if (tls_ != nullptr) {
    if (!breaks_ && SSL_is_init_finished(tls_)) SSL_shutdown(tls_);
    ERR_clear_error();
    SSL_free(tls_);
  }
  close(socket_);
}

void Transport::breakOnClose() {
  const linger atOnce = {.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
  breaks_ = true;
}

Transport::Outcome Transport::outcomeOfTls(int result) {
  const int error = SSL_get_error(tls_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Outcome::kLater;
  ERR_clear_error();
  return Outcome::kClosed;
}

Transport::Outcome Transport::read(char* buffer, size_t size, size_t& count) {
  if (tls_ != nullptr) {
    const int result = SSL_read_ex(tls_, buffer, size, &count);
    readWantsWrite_ = result != 1 && SSL_want_write(tls_);
    return result == 1 ? Outcome::kDone : outcomeOfTls(result);
  }
  const ssize_t result = ::read(socket_, buffer, size);
  if (result > 0) {
    count = static_cast<size_t>(result);
    return Outcome::kDone;
  }
  return result < 0 && (errno == EAGAIN || errno == EINTR) ? Outcome::kLater : Outcome::kClosed;
}

Transport::Outcome Transport::write(std::string_view bytes, size_t& count) {
  if (tls_ != nullptr) {
    const int result = SSL_write_ex(tls_, bytes.data(), bytes.size(), &count);
    return result == 1 ? Outcome::kDone : outcomeOfTls(result);
  }
  const ssize_t result = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (result >= 0) {
    count = static_cast<size_t>(result);
    return Outcome::kDone;
  }
  return errno == EAGAIN || errno == EINTR ? Outcome::kLater : Outcome::kClosed;
}

SSL_CTX* makeTls(const std::string& certificatePath, const std::string& keyPath, std::string& wrong) {
  SSL_CTX* tls = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
  SSL_CTX_set_mode(
      tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // One system call brings the head and the content of a record, or several records.
  SSL_CTX_set_read_ahead(tls, 1);
  if (SSL_CTX_use_certificate_chain_file(tls, certificatePath.c_str()) != 1) {
    wrong = certificatePath + " is no certificate";
  } else if (SSL_CTX_use_PrivateKey_file(tls, keyPath.c_str(), SSL_FILETYPE_PEM) != 1) {
    wrong = keyPath + " is not its key";
  } else {
    return tls;
  }
  SSL_CTX_free(tls);
  return nullptr;
}
