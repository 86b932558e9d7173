// All connections of one guest, the socket where the host dials, and the calls to `<uds_path>_<port>`.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "standin/vsock/connection.h"

namespace microvm::standin::vsock {

class Muxer {
 public:
  static constexpr std::size_t kMaxConnections = 1023;
  /// Streams of the host that have not sent their first bytes yet; more wait in the listener's queue.
  static constexpr std::size_t kMaxDials = 1024;
  /// Answers to packets that belong to no connection; what is more is dropped.
  static constexpr std::size_t kMaxResets = 1024;

  struct Options {
    int listener = -1;  ///< does not block
    std::string uds_path;
    std::uint64_t guest_cid = 0;
    std::uint32_t last_host_port = 0;
  };
  /// `epoll` and `timer` are new ones.
  Muxer(Options options, UniqueFd epoll, UniqueFd timer);
  Muxer(const Muxer&) = delete;
  Muxer& operator=(const Muxer&) = delete;

  /// The guest's side. `take` answers false when the packet cannot be taken now: it is to be offered again behind the
  /// next on_event().
  [[nodiscard]] bool take(const Header& packet, Buffers data);
  [[nodiscard]] bool has_packets() const noexcept { return !resets_.empty() || !speaking_.empty(); }
  std::optional<Header> next_packet(Buffers& room);

  /// The host's side.
  [[nodiscard]] int event_fd() const noexcept { return epoll_.get(); }
  void on_event();
  void hold_dials(bool on);

  /// All connections end, and the guest is told.
  void reset();
  /// All connections end: the guest knows of none.
  void forget();

  [[nodiscard]] std::uint32_t last_host_port() const noexcept { return last_host_port_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  struct Entry {
    Connection connection;
    bool speaks = false;       ///< stands in speaking_
    std::uint32_t polled = 0;  ///< events
  };
  using Connections = std::map<Ports, Entry>;
  using At = Connections::iterator;

  void accept_one();
  void read_dial(int stream);
  void watch_listener(bool on);
  void retry_soon();
  std::uint32_t next_host_port();
  bool call_host(const Header& request);
  bool add(Ports ports, Connection connection);
  void sweep();
  void settle(At at);
  void poll(Entry& entry, std::uint32_t events);
  void remove(At at);
  void answer_reset(Ports ports);

  const Options options_;
  UniqueFd epoll_;
  UniqueFd timer_;
  bool listens_ = false;
  bool holds_dials_ = false;
  std::uint32_t last_host_port_;
  Counters counters_;
  std::map<int, UniqueFd> dials_;
  Connections connections_;
  std::map<int, Ports> by_stream_;
  std::deque<Ports> speaking_;  ///< connections with something to tell, each once
  std::deque<Ports> resets_;
  std::optional<Deadline> call_waits_;  ///< the listener called has a full queue
};

}  // namespace microvm::standin::vsock
