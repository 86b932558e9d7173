// monitor.sock: one line asks, and is answered. Whoever follows the console has a place in its ring and no buffer.
#pragma once

#include <poll.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "host/monitor/directories.h"
#include "host/monitor/ring.h"

namespace microvm::monitor {

class Queries {
 public:
  /// What `status` and `notices` answer.
  class Status {
   public:
    virtual std::string status() const = 0;
    virtual std::string notices() const = 0;

   protected:
    ~Status() = default;
  };

  /// `ring_bytes` of the ring are shown. What the socket's path names before is removed.
  static std::expected<Queries, Failed> listen(const std::string& path, const Ring& ring, std::uint64_t ring_bytes);

  /// Appends what is to be polled, and takes it back in the same order.
  void want(std::vector<pollfd>& all) const;
  void handle(std::span<const pollfd> mine, const Status& status);
  /// The console has grown.
  void pump();
  /// There is a notice: answers those that wait for one.
  void notify(const std::string& notices);
  /// When to listen again; without a descriptor left nobody can be taken on.
  [[nodiscard]] std::optional<Deadline> pause() const noexcept { return pause_; }

  /// Nothing more comes: each follower is let go once it has all.
  void finish();
  [[nodiscard]] bool idle() const noexcept { return connections_.empty(); }

 private:
  struct Connection {
    UniqueFd fd;
    std::string request{};              // until it is a line
    std::string text{};                 // to be sent before the ring
    std::optional<std::uint64_t> at{};  // the place in the ring
    std::uint64_t end = 0;              // and where the answer ends
    bool follows = false;               // has no end of its own
    bool awaits_notice = false;
    bool peer_is_silent = false;
    bool closed = false;
  };

  Queries(UniqueFd listener, const Ring& ring, std::uint64_t ring_bytes)
      : listener_(std::move(listener)), ring_(&ring), ring_bytes_(ring_bytes) {}

  void accept_all();
  void accept(UniqueFd fd);
  void hear(Connection& connection, const Status& status) const;
  void begin(Connection& connection, const Status& status) const;
  void send(Connection& connection) const;
  [[nodiscard]] bool owes(const Connection& connection) const noexcept;
  void sweep();

  UniqueFd listener_;
  const Ring* ring_;
  std::uint64_t ring_bytes_;
  std::vector<Connection> connections_;  // the oldest first
  std::optional<Deadline> pause_;
};

}  // namespace microvm::monitor
