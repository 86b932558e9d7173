// The server on the API's socket: at most ten connections, each read a buffer at a time and answered in full before it
// is read again.
#pragma once

#include <poll.h>

#include <functional>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "standin/http/receiver.h"
#include "standin/http/response.h"

namespace microvm::standin {

class Server {
 public:
  static constexpr std::size_t kMostConnections = 10;
  using Answer = std::function<http::Response(const http::Request&)>;

  Server(UniqueFd listener, std::size_t payload_limit, Answer answer)
      : listener_(std::move(listener)), payload_limit_(payload_limit), answer_(std::move(answer)) {}

  /// Appends what to wait for.
  void want(std::vector<pollfd>& wanted) const;
  /// `ready` is what want() appended, with what came of it.
  void serve(std::span<const pollfd> ready);

 private:
  struct Connection {
    Connection(UniqueFd stream, std::size_t payload_limit) : fd(std::move(stream)), receiver(payload_limit) {}
    UniqueFd fd;
    http::Receiver receiver;
    std::vector<http::Request> requests;
    std::string out;
    bool closed = false;
  };

  void accept_one();
  static void take(Connection& connection);
  static void send(Connection& connection);

  UniqueFd listener_;
  std::size_t payload_limit_;
  Answer answer_;
  std::list<Connection> connections_;
};

}  // namespace microvm::standin
