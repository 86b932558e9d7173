#include "standin/qemu/qmp.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>

#include "common/posix/retry.h"
#include "common/posix/send_fds.h"
#include "standin/qemu/json_words.h"

namespace microvm::standin::qemu {
namespace {

constexpr std::size_t kMostAnswers = 1;  // one command is asked at a time

std::unexpected<Fault> monitor_fault(std::string text) { return refuse("Qemu(Monitor)", "QEMU: " + std::move(text)); }

}  // namespace

bool Qmp::read() {
  std::array<char, 16 * 1024> block;
  while (!over_) {
    const ssize_t n = posix::retry([&] { return ::recv(socket_.get(), block.data(), block.size(), MSG_DONTWAIT); });
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) break;
    input_.append(block.data(), static_cast<std::size_t>(n));
    for (auto end = input_.find('\n'); end != input_.npos; end = input_.find('\n')) {
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      if (!take_line(line)) over_ = true;
    }
    if (input_.size() > kMostLineBytes) over_ = true;
  }
  over_ = true;
  return false;
}

bool Qmp::take_line(std::string_view line) {
  json::Value message;
  json::Reader in(line);
  if (!json::read(in, message) || !in.end()) return false;
  if (!member(message, "QMP").is_null()) {
    greeted_ = true;
  } else if (const auto event = text_of(member(message, "event")); !event.empty()) {
    on_event_(event, member(message, "data"));
  } else if (abandoned_ > 0) {
    --abandoned_;
  } else {
    answers_.push_back(std::move(message));
  }
  return answers_.size() <= kMostAnswers;
}

Done Qmp::greet(Deadline deadline) {
  while (!greeted_ && !over_ && !deadline.passed()) poller_.serve(deadline);
  if (!greeted_) return monitor_fault(over_ ? "ended at its start" : "no greeting of its monitor in time");
  if (auto done = execute("qmp_capabilities", {}, deadline); !done) return std::unexpected(std::move(done.error()));
  return {};
}

Result<json::Value> Qmp::execute(std::string_view command, json::Map arguments, Deadline deadline, int fd) {
  json::Map request{{"execute", value(std::string(command))}};
  if (!arguments.empty()) request.emplace("arguments", value(std::move(arguments)));
  if (auto sent = send(json::to_text(value(std::move(request))) + "\r\n", fd, deadline); !sent)
    return std::unexpected(std::move(sent.error()));
  auto answer = next_answer(deadline);
  if (!answer) return std::unexpected(Fault(answer.error()).behind(std::string(command) + ": "));
  if (const auto& error = member(*answer, "error"); !error.is_null())
    return monitor_fault(std::string(command) + ": " + std::string(text_of(member(error, "desc"))));
  return member(*answer, "return");
}

Result<json::Value> Qmp::next_answer(Deadline deadline) {
  while (answers_.empty()) {
    if (over_) return monitor_fault("ended");
    if (deadline.passed()) {
      ++abandoned_;
      return monitor_fault("no answer in time");
    }
    poller_.serve(deadline);
  }
  json::Value answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

Done Qmp::send(std::string_view line, int fd, Deadline deadline) {
  while (!line.empty()) {
    const iovec part{const_cast<char*>(line.data()), line.size()};
    const std::span fds(&fd, fd >= 0 ? 1U : 0U);
    const ssize_t n = posix::send_fds(socket_.get(), {&part, 1}, fds, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      line.remove_prefix(static_cast<std::size_t>(n));
      fd = -1;
    } else if (errno != EAGAIN || deadline.passed()) {
      return monitor_fault("its monitor takes no command");
    } else {
      poller_.serve(Deadline::after(std::chrono::milliseconds(10)));
    }
  }
  return {};
}

}  // namespace microvm::standin::qemu
