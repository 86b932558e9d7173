#include "host/vm/monitor.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <span>

#include "common/base/printable.h"
#include "host/vm/configuration.h"
#include "host/vm/detached.h"
#include "host/vm/files.h"

namespace microvm::vm {
namespace {

constexpr std::size_t kMaxReport = 1024;
constexpr std::size_t kFewestFds = 2, kMostFds = 3;

std::unexpected<Error> fail(ErrorCode code, std::string message, int number = 0) {
  return std::unexpected(Error{code, number, std::move(message)});
}

struct Message {
  std::string text;
  std::vector<UniqueFd> fds;
};

void take_fds(const msghdr& message, std::vector<UniqueFd>& fds) {
  for (const cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(const_cast<msghdr*>(&message), const_cast<cmsghdr*>(part))) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
      fds.emplace_back(fd);
    }
  }
}

// One line, and the descriptors that came along.
Result<Message> receive(int report, Deadline deadline) {
  Message received;
  while (!received.text.ends_with('\n')) {
    pollfd readable{.fd = report, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, deadline.poll_ms()) <= 0) {
      if (deadline.passed()) return fail(ErrorCode::ReplyTimeout, "the monitor did not report in time");
      continue;
    }
    std::array<char, kMaxReport> text;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostFds * sizeof(int))> control;
    iovec part{.iov_base = text.data(), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t n = ::recvmsg(report, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return fail(ErrorCode::ConnectionLost, "the monitor ended without a report", n < 0 ? errno : 0);
    take_fds(message, received.fds);
    received.text.append(text.data(), static_cast<std::size_t>(n));
    if (received.text.size() > kMaxReport) return fail(ErrorCode::BadReply, "the monitor's report is too long");
  }
  received.text.pop_back();
  return received;
}

// `error <step> <errno> <text>`
Error error_of(std::string_view text) {
  text.remove_prefix(std::string_view("error ").size());
  const std::size_t blank = text.find(' ');
  const std::string_view step = text.substr(0, blank);
  text.remove_prefix(blank == text.npos ? text.size() : blank + 1);
  int number = 0;
  const auto [rest, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view words(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  return {ErrorCode::Io, number,
          fmt::format("the monitor could not {}:{}", printable(step, 64), printable(words, 512))};
}

// `vmm <pid> <start time>`
std::optional<posix::ProcessIdentity> vmm_of(std::string_view text, const std::string& boot_id) {
  return text.starts_with("vmm ") ? posix::parse_identity(fmt::format("{} {}\n", text.substr(4), boot_id))
                                  : std::nullopt;
}

Result<std::pair<UniqueFd, UniqueFd>> make_report() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return io_error("report", "socketpair");
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

}  // namespace

Result<void> MonitorReport::confirm() {
  const char go = '\n';
  const ssize_t n = ::send(report_.get(), &go, 1, MSG_NOSIGNAL);
  const int number = errno;
  report_.reset();
  if (n != 1) return fail(ErrorCode::ConnectionLost, "the monitor has ended", number);
  return {};
}

std::vector<std::string> monitor_arguments(const RuntimeOptions& options, const Layout& layout, const Record& record) {
  std::vector<std::string> words{options.monitor,
                                 "--id",
                                 record.id,
                                 "--state-dir",
                                 layout.state,
                                 "--run-dir",
                                 layout.run,
                                 "--report",
                                 "3",
                                 "--console-bytes",
                                 std::to_string(record.console_bytes),
                                 "--log-bytes",
                                 std::to_string(record.log_bytes)};
  const auto add = [&words](const char* flag, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {flag, value});
  };
  add("--log-file", record.log_file);
  add("--metrics-file", record.metrics_file);
  add("--unlink", record.api_socket);
  add("--unlink", record.vsock_socket);
  return words;
}

std::vector<std::string> vmm_arguments(const Record& record, const Spec& spec) {
  const Layout layout{.state = {}, .run = record.run_dir};
  std::vector<std::string> words{record.firecracker, "--id", record.id, "--api-sock", record.api_socket};
  for (std::string& word : flags_of(spec, {.log = layout.log_fifo(), .metrics = layout.metrics_fifo()}))
    words.push_back(std::move(word));
  return words;
}

Result<MonitorReport> start_monitor(const RuntimeOptions& options, const Layout& layout, const Record& record,
                                    const std::vector<std::string>& vmm_words, Deadline deadline) {
  auto ends = make_report();
  if (!ends) return std::unexpected(std::move(ends.error()));
  std::vector<std::string> words = monitor_arguments(options, layout, record);
  words.emplace_back(vmm_words.empty() ? "--adopt" : "--");
  words.insert(words.end(), vmm_words.begin(), vmm_words.end());
  auto started = start_detached(options.monitor, words, options.vmm_environment, ends->second.get());
  if (!started) return std::unexpected(std::move(started.error()));
  ends->second.reset();
  auto message = receive(ends->first.get(), deadline);
  if (!message) return std::unexpected(std::move(message.error()));
  if (message->text.starts_with("error ")) return std::unexpected(error_of(message->text));
  auto identity = vmm_of(message->text, record.boot_id);
  if (!identity || message->fds.size() < kFewestFds) return fail(ErrorCode::BadReply, "the monitor's report is none");
  message->fds.resize(kMostFds);
  return MonitorReport({std::move(*identity), std::move(message->fds[0])}, std::move(message->fds[1]),
                       std::move(message->fds[2]), std::move(ends->first));
}

}  // namespace microvm::vm
