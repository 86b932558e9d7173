#include "tests/monitor/stage.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <system_error>

#include "common/base/deadline.h"
#include "common/posix/process_identity.h"
#include "common/posix/unix_address.h"

namespace microvm::monitor::test {
namespace {

constexpr int kReportFd = 9;

}  // namespace

bool wait_readable(int fd, milliseconds patience) {
  pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, static_cast<int>(patience.count())) == 1;
}

std::string ReportEnd::receive() {
  if (!wait_readable(fd_.get())) throw std::runtime_error("no report came");
  std::array<char, 512> bytes{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  if (const cmsghdr* const header = CMSG_FIRSTHDR(&message); header != nullptr) {
    std::array<int, 2> fds{};
    std::memcpy(fds.data(), CMSG_DATA(header), sizeof fds);
    vmm.reset(fds[0]);
    monitor.reset(fds[1]);
  }
  return {bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

void ReportEnd::acknowledge() { send_all(fd_.get(), "."); }

bool ReportEnd::ends() {
  char byte = 0;
  return wait_readable(fd_.get()) && ::recv(fd_.get(), &byte, 1, 0) == 0;
}

MonitorTest::MonitorTest() {
  static int number = 0;
  id_ = "test-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
  state_dir_ = dir_ / "state/vms/" + id_;
  run_dir_ = dir_ / "run/" + id_;
  for (const char* dir : {"state", "state/vms", "run"}) make_dir(dir_ / dir);
  make_dir(state_dir_);
  make_dir(run_dir_);
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // a VMM whose monitor was killed becomes this process's
}

MonitorTest::~MonitorTest() {
  monitor_.reset();
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  if (vmm_pid_ > 0 && vmm_lives()) {
    ::kill(vmm_pid_, SIGKILL);
    reap_vmm();
  }
  if (exists(run_path("cgroup"))) {
    std::string path = read_file(run_path("cgroup"));
    path.pop_back();
    ::rmdir(path.c_str());
  }
}

ProcessSpec MonitorTest::spec(const Words& flags, const Words& program) {
  ProcessSpec spec;
  spec.argv = {bin_, "--id", id_, "--state-dir", state_dir_, "--run-dir", run_dir_};
  spec.argv.insert(spec.argv.end(), flags.begin(), flags.end());
  if (program.empty()) return spec;
  spec.argv.emplace_back("--");
  if (!program.front().starts_with('/')) spec.argv.push_back(required_env("FAKE_VMM"));
  spec.argv.insert(spec.argv.end(), program.begin(), program.end());
  return spec;
}

void MonitorTest::start(const Words& program, const Words& flags) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  report_.emplace(UniqueFd(ends[0]));
  const UniqueFd theirs(ends[1]);
  Words all = {"--report", std::to_string(kReportFd)};
  all.insert(all.end(), flags.begin(), flags.end());
  ProcessSpec what = spec(all, program);
  what.fds = {{theirs.get(), kReportFd}};
  monitor_ = std::make_unique<Process>(what);
}

void MonitorTest::run(const Words& program, const Words& flags) {
  start(program, flags);
  const std::string report = report_->receive();
  ASSERT_TRUE(report.starts_with("vmm ")) << report;
  vmm_pid_ = std::stoi(report.substr(4));
  report_->acknowledge();
}

void MonitorTest::adopt(const Words& flags) {
  Words all = {"--adopt"};
  all.insert(all.end(), flags.begin(), flags.end());
  start({}, all);
}

void MonitorTest::let_go() {
  const UniqueFd input(::open(run_path("console.in").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  send_all(input.get(), "\n");
}

int MonitorTest::ended() {
  const auto status = monitor_->wait(kPatience);
  if (!status) throw std::runtime_error("the monitor goes on");
  EXPECT_EQ(status->signal, 0) << monitor_->err();
  return status->code;
}

wire::Json MonitorTest::exit() {
  EXPECT_TRUE(eventually([&] { return exists(state("exit.json")); }));
  const auto json = wire::read_json_tree(read_file(state("exit.json")));
  if (!json) throw std::runtime_error("exit.json: " + json.error().text);
  return *json;
}

std::string MonitorTest::exit_text(const char* field) {
  const wire::Json json = exit();
  const wire::Json* const value = json.find(field);
  if (value == nullptr) return "(missing)";
  if (value->is_null()) return "null";
  if (const auto* const number = value->as<std::uint64_t>()) return std::to_string(*number);
  const auto* const text = value->as<std::string>();
  return text != nullptr ? *text : "(another type)";
}

UniqueFd MonitorTest::connect() {
  const auto address = posix::unix_address(run_path("monitor.sock"));
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!address || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    throw std::system_error(errno, std::generic_category(), run_path("monitor.sock"));
  return fd;
}

std::string MonitorTest::ask(const std::string& request) {
  const UniqueFd fd = connect();
  send_all(fd.get(), request + "\n");
  return read_all(fd.get());
}

std::uint64_t MonitorTest::count(const char* stream, const char* what) {
  const auto json = wire::read_json_tree(ask("status"));
  if (!json) throw std::runtime_error("status: " + json.error().text);
  return *json->find(stream)->find(what)->as<std::uint64_t>();
}

std::string MonitorTest::console_text() {
  std::string text;
  for (const char* name : {"console.log.1", "console.log"}) {
    if (!exists(state(name))) continue;
    const std::string records = read_file(state(name));
    for (std::size_t at = 0, end = 0; (end = records.find('\n', at)) != records.npos; at = end + 1) {
      const std::string record = records.substr(at, end - at);
      EXPECT_EQ(record.substr(29, 9), "Z stdout ") << record;
      text += record.substr(40) + (record[38] == 'F' ? "\n" : "");
    }
  }
  return text;
}

bool MonitorTest::eventually(const std::function<bool()>& is_so, milliseconds patience) {
  const Deadline deadline = Deadline::after(patience);
  while (!is_so()) {
    if (deadline.passed()) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

void MonitorTest::reap_vmm() {
  (void)eventually([&] { return ::waitpid(vmm_pid_, nullptr, WNOHANG) != 0; });
}

bool MonitorTest::vmm_lives() const { return posix::start_time_of(vmm_pid_).has_value(); }

std::string read_all(int fd, milliseconds patience) { return read_until(fd, {}, patience); }

std::string read_until(int fd, std::string_view end, milliseconds patience) {
  const Deadline deadline = Deadline::after(patience);
  std::string all;
  std::array<char, 65536> bytes;
  while ((end.empty() || !all.ends_with(end)) && !deadline.passed()) {
    if (!wait_readable(fd, milliseconds(deadline.poll_ms()))) break;
    const ssize_t n = ::read(fd, bytes.data(), bytes.size());
    if (n <= 0) break;
    all.append(bytes.data(), static_cast<std::size_t>(n));
  }
  return all;
}

void send_all(int fd, std::string_view text) {
  // A monitor that has closed the connection already is seen by what is read.
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) && errno != EPIPE)
    throw std::system_error(errno, std::generic_category(), "write");
}

}  // namespace microvm::monitor::test
