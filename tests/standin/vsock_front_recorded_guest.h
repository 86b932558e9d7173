// The guest that the recorded streams talk to (see tests/host/streams.h), on a driver of its own.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "tests/standin/vsock_front_driver.h"

namespace microvm::test {

class RecordedGuest {
 public:
  explicit RecordedGuest(UniqueFd vhost_user) : driver_(std::move(vhost_user)) {
    driver_.start();
    loop_ = std::thread([this] { run(); });
  }
  ~RecordedGuest() {
    stopping_ = true;
    loop_.join();
  }
  RecordedGuest(const RecordedGuest&) = delete;
  RecordedGuest& operator=(const RecordedGuest&) = delete;

 private:
  using Op = VsockDriver::Op;
  using Ports = VsockDriver::Ports;
  struct Stream {
    std::uint32_t received = 0;
    std::uint32_t sent = 0;
    std::uint32_t host_has = 0;  ///< of what was sent, and how much it takes at once
    std::uint32_t host_window = 0;
    std::string unsent{};
    Ports control{};  ///< of a call: who asked for it
  };

  void run();
  void handle(const Packet& packet, Ports ports);
  void accept(Ports ports);
  void take_data(Ports ports, const std::string& data);
  void called(Ports ports, Op op);
  void say(Ports ports, Op op, std::uint32_t flags = 0);
  void send_data(Ports ports, const std::string& data);

  VsockDriver driver_;
  std::map<Ports, Stream> streams_;
  std::uint32_t next_call_ = 40000;
  std::atomic<bool> stopping_ = false;
  std::thread loop_;
};

}  // namespace microvm::test
