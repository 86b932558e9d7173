// A double of Firecracker's API: as strict about requests as the real one, and as wrong in its replies as a test wants.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/base/unique_fd.h"

namespace microvm::test {

/// A reply as Firecracker writes it; without a body for 204.
std::string api_reply(int status, std::string_view body = "", std::string_view header = "");

class ApiDouble {
 public:
  /// Answers one request on the stream; false ends the connection.
  using Script = std::function<bool(int stream)>;

  explicit ApiDouble(const std::string& path, std::string version = "1.16.1");
  ~ApiDouble();
  ApiDouble(const ApiDouble&) = delete;
  ApiDouble& operator=(const ApiDouble&) = delete;

  /// What the next requests other than GET /version get, in order; 204 when there is nothing.
  void answer(Script script);
  void answer(std::string bytes);
  /// Nothing, until the client closes.
  void answer_silence();

  /// "PUT /vsock {…}", in the order they came; GET /version is left out.
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] unsigned connections() const noexcept { return connections_; }
  /// What the first request that Firecracker would not have taken did wrong; empty.
  [[nodiscard]] std::string fault() const;

 private:
  void run();
  void serve(int stream);
  std::optional<std::string> next_request(int stream, std::string& unread);
  std::string check(std::string_view head, std::string_view body);
  bool reply(int stream, const std::string& request);

  const std::string version_;
  UniqueFd listener_;
  std::atomic<bool> stopping_ = false;
  std::atomic<unsigned> connections_ = 0;
  mutable std::mutex mutex_;
  std::deque<Script> answers_;
  std::vector<std::string> requests_;
  std::string fault_;
  std::thread thread_;
};

/// All of it; what a client that is gone does not take is dropped.
bool send_all(int stream, std::string_view bytes);

}  // namespace microvm::test
