// The event loop: one thread, one epoll, every connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/fixed_text.h"
#include "common/base/unique_fd.h"
#include "guest/connection.h"
#include "guest/listener.h"
#include "guest/log.h"
#include "guest/requests.h"

namespace microvm::guest {

class Server {
 public:
  struct Config {
    std::vector<std::uint32_t> allowed_cids;
    unsigned max_connections = kDefaultMaxConnections;
  };

  Server(Listener& listener, Requests& requests, Log& log, Config config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Sets up the loop; before it nothing is accepted.
  FixedText start();
  /// Serves until SIGTERM or SIGINT, then answers what is complete and returns.
  void run() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  struct Slot;

  void handle(std::uint32_t source, Time now) noexcept;
  void accept_some(Time now) noexcept;
  void admit(UniqueFd fd, bool allowed) noexcept;
  void turn_away(std::string_view why, std::uint64_t& counter) noexcept;
  void rest_listener(int error, Time now) noexcept;
  bool watch(int operation, int fd, std::uint32_t source, std::uint32_t events) noexcept;
  void measure_turn(std::uint32_t index, Time now) noexcept;
  void serve(std::uint32_t index, Time now) noexcept;
  void drain(std::uint32_t index, Time now) noexcept;
  void settle(std::uint32_t index, Connection::Wants wants) noexcept;
  void close(std::uint32_t index) noexcept;
  void tick(Time now) noexcept;
  void expire(Time now) noexcept;
  [[nodiscard]] int wait_ms(Time now) const noexcept;
  void stop(Time now) noexcept;

  Listener& listener_;
  Log& log_;
  Config config_;
  std::unique_ptr<char[]> inbox_;
  Workspace workspace_;
  UniqueFd epoll_;
  UniqueFd signals_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t last_served_ = 0;
  Time last_served_at_{};
  Time shared_until_{};                // connections take short turns
  std::optional<Time> next_deadline_;  // no connection's deadline is earlier
  std::optional<Time> rests_until_;    // the listener
  std::optional<Time> complained_at_;  // that nobody can be let in
  std::optional<Time> stops_at_;       // once told to stop
};

}  // namespace microvm::guest
