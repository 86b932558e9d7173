// A double of Firecracker's vsock device as the host sees it: the unix socket, CONNECT and OK, and streams to a guest
// that is made of scripts or of the unix sockets of real daemons. It is as strict as the real one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <variant>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "tests/support/line_client.h"

namespace microvm::test {

class VsockDouble {
 public:
  /// One end of one stream in a thread of its own; it is closed when the script returns (a script does not close it).
  /// It ends soon after its stream does, and waits only in pause() and in what has a deadline.
  using Script = std::function<void(LineClient& end)>;

  struct Limits {
    std::size_t connections = 1023;
    std::chrono::milliseconds request_timeout{2000};  ///< swept only when a connection is added
  };

  /// Binds and listens, as after `PUT /vsock`; `serving` = the guest's driver is up. Until then connects queue unread.
  explicit VsockDouble(std::string uds_path, bool serving = true)
      : VsockDouble(std::move(uds_path), serving, Limits{}) {}
  VsockDouble(std::string uds_path, bool serving, Limits limits);
  ~VsockDouble();

  void serve();

  /// A port of the guest: a script, or what listens on a unix socket.
  void listen(std::uint32_t port, Script guest);
  void listen(std::uint32_t port, std::string unix_path);
  void unlisten(std::uint32_t port);
  /// The guest never answers requests to this port.
  void ignore(std::uint32_t port);
  /// The next CONNECT, whatever its port, is answered by `vmm`, which has the host's stream right behind the line.
  void answer_next(Script vmm);
  /// The guest connects to port `port` of the host; without a listener there the result is not valid.
  UniqueFd call_host(std::uint32_t port);

  /// The VMM does not run until release(): what the host does meanwhile it finds all at once.
  void hold();
  void release();

  /// For scripts: sleeps, but answers false at once when the double goes away.
  bool pause(std::chrono::milliseconds time);
  /// CONNECT lines that were understood so far.
  [[nodiscard]] unsigned connects() const;

 private:
  struct Stream;
  struct Task;
  using Backend = std::variant<Script, std::string>;

  void run();
  void change(const std::function<void()>& change);
  void accept_all();
  bool step(Stream& stream, short host_events, short guest_events);
  bool handshake(Stream& stream);
  bool request(Stream& stream, std::uint32_t port);
  UniqueFd connect_guest(std::uint32_t port);
  UniqueFd start(Script script);
  void start(UniqueFd end, Script script);
  void sweep();

  const std::string uds_path_;
  const Limits limits_;
  UniqueFd listener_;
  UniqueFd wake_;

  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  bool held_ = false;
  bool serving_;
  std::map<std::uint32_t, Backend> ports_;
  std::set<std::uint32_t> ignored_;
  std::deque<Script> answers_;
  std::list<Stream> streams_;
  std::list<Task> tasks_;
  std::uint32_t last_host_port_ = (1U << 30) - 1;
  unsigned connects_ = 0;
  std::thread loop_;
};

}  // namespace microvm::test
