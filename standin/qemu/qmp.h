// QEMU's monitor: JSON lines over a socket. Commands are answered in order; events come between.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "standin/json/value.h"
#include "standin/model/fault.h"
#include "standin/qemu/poller.h"

namespace microvm::standin::qemu {

class Qmp {
 public:
  using OnEvent = std::function<void(std::string_view name, const json::Value& data)>;

  /// While it waits for an answer it serves `poller`, which calls read() when fd() is readable.
  Qmp(UniqueFd socket, Poller& poller, OnEvent on_event)
      : socket_(std::move(socket)), poller_(poller), on_event_(std::move(on_event)) {}

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  /// Takes what has come; false at the end of the stream, or when it is no monitor's.
  bool read();

  /// Greeting and capabilities: once, before any command.
  Done greet(Deadline deadline);
  /// What the command returns. A descriptor goes along with it for `getfd` and `add-fd`.
  Result<json::Value> execute(std::string_view command, json::Map arguments, Deadline deadline, int fd = -1);
  Result<json::Value> execute(std::string_view command, json::Map arguments = {}, int fd = -1) {
    return execute(command, std::move(arguments), Deadline::after(kPatience), fd);
  }

  static constexpr std::chrono::seconds kPatience{30};
  static constexpr std::size_t kMostLineBytes = 1 << 20;

 private:
  bool take_line(std::string_view line);
  Result<json::Value> next_answer(Deadline deadline);
  Done send(std::string_view line, int fd, Deadline deadline);

  UniqueFd socket_;
  Poller& poller_;
  OnEvent on_event_;
  std::string input_;
  std::deque<json::Value> answers_;
  std::size_t abandoned_ = 0;  ///< answers that come too late
  bool greeted_ = false;
  bool over_ = false;
};

}  // namespace microvm::standin::qemu
