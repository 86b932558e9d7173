#include "standin/qemu/machine.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "standin/qemu/json_words.h"

namespace microvm::standin::qemu {
namespace {

constexpr std::chrono::seconds kStartTime{30};
constexpr std::chrono::seconds kStateTime{60};
constexpr std::chrono::seconds kUnplugTime{10};

// What connects us with QEMU; of pipes the first end is for reading.
struct Channels {
  std::array<UniqueFd, 2> monitor, console_out, console_in;
};

Result<Channels> open_channels() {
  Channels channels;
  std::array<int, 2> ends{};
  const auto keep = [&ends](std::array<UniqueFd, 2>& both) {
    both[0].reset(ends[0]);
    both[1].reset(ends[1]);
  };
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return std::unexpected(errno_fault(errno));
  keep(channels.monitor);
  for (auto* both : {&channels.console_out, &channels.console_in}) {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(errno_fault(errno));
    keep(*both);
  }
  return channels;
}

}  // namespace

Result<std::unique_ptr<Machine>> Machine::start(CommandLine line, const Guest& guest, const Layout& layout,
                                                vsock::Front* front) {
  auto channels = open_channels();
  if (!channels) return std::unexpected(std::move(channels.error()));
  auto& [monitor, console_out, console_in] = *channels;
  line.monitor = monitor[1].get();
  line.console_out = console_out[1].get();
  line.console_in = console_in[0].get();
  const UniqueFd vhost(front == nullptr ? -1 : ::eventfd(0, EFD_CLOEXEC));  // nothing is done with it
  line.vsock = vhost.get();
  auto console = Console::open(std::move(console_out[0]), std::move(console_in[1]), guest.serial);
  if (!console) return std::unexpected(std::move(console.error()));
  auto child = Child::start(child_spec(line, guest, layout));
  if (!child) return refuse_in(child, "Qemu", "Cannot start " + line.program + ": ");
  for (UniqueFd* theirs : {&monitor[1], &console_out[1], &console_in[0]}) theirs->reset();
  std::unique_ptr<Machine> machine(new Machine(std::move(*child), std::move(monitor[0]), std::move(*console)));
  const auto fail = [&](const Fault& why) {
    return refuse(why.debug, why.text + ": " + (machine->end_ ? machine->end_->why : machine->child_.describe_end()));
  };
  if (front != nullptr)
    if (auto served = machine->serve_vsock(*front, line.memory); !served) return std::unexpected(served.error());
  if (auto greeted = machine->qmp_.greet(Deadline::after(kStartTime)); !greeted) return fail(greeted.error());
  json::List capabilities;
  for (const char* name : {"x-ignore-shared", "events"})
    capabilities.push_back(value(json::Map{{"capability", value(name)}, {"state", value(true)}}));
  auto set = machine->tell("migrate-set-capabilities", {{"capabilities", value(std::move(capabilities))}});
  if (!set) return fail(set.error());
  return machine;
}

Machine::Machine(Child child, UniqueFd monitor, Console console)
    : wake_(::eventfd(0, EFD_CLOEXEC)),
      console_(std::move(console)),
      qmp_(std::move(monitor), poller_,
           [this](std::string_view name, const json::Value& data) { on_monitor_event(name, data); }),
      child_(std::move(child)) {
  serve_all();
}

void Machine::serve_all() {
  poller_.add(wake_.get(), [] {});
  poller_.add(qmp_.fd(), [this] {
    if (!qmp_.read()) poller_.remove(qmp_.fd());
  });
  poller_.add(console_.fd(), [this] {
    if (!console_.relay_output()) poller_.remove(console_.fd());
  });
  if (console_.input_fd() >= 0)
    poller_.add(console_.input_fd(), [this] {
      if (!console_.relay_input()) poller_.remove(console_.input_fd());
    });
  poller_.add(child_.stderr_fd(), [this] {
    if (!child_.read_stderr()) poller_.remove(child_.stderr_fd());
  });
  poller_.add(child_.pidfd(), [this] {
    poller_.remove(child_.pidfd());
    finish({1, child_.describe_end()});
  });
}

Done Machine::serve_vsock(vsock::Front& front, int memory) {
  auto bridge = VhostBridge::open(child_, front, memory);
  if (!bridge) return std::unexpected(std::move(bridge.error()));
  vhost_ = std::move(*bridge);
  poller_.add(child_.vhost_calls(), [this] {
    if (!vhost_->on_call()) poller_.remove(child_.vhost_calls());
  });
  poller_.add(front.event_fd(), [&front] { front.on_event(); });
  return {};
}

void Machine::finish(GuestEnd end) {
  if (end_) return;
  console_.relay_output();
  end_ = std::move(end);
  ::eventfd_write(wake_.get(), 1);
}

void Machine::on_monitor_event(std::string_view name, const json::Value& data) {
  if (name == "MIGRATION") migration_ = text_of(member(data, "status"));
  if (name == "DEVICE_DELETED") unplugged_ = text_of(member(data, "device"));
  if (name != "SHUTDOWN") return;
  if (text_of(member(data, "reason")) == "guest-shutdown") {
    is_off_ = true;
  } else {
    finish({0, ""});
  }
}

Result<json::Value> Machine::ask(std::string_view command, json::Map arguments, int fd) {
  return qmp_.execute(command, std::move(arguments), fd);
}

Done Machine::tell(std::string_view command, json::Map arguments, int fd) {
  auto answer = ask(command, std::move(arguments), fd);
  if (!answer) return std::unexpected(std::move(answer.error()));
  return {};
}

Done Machine::unplug(const std::string& device) {
  const Deadline deadline = Deadline::after(kUnplugTime);
  unplugged_.clear();
  if (auto asked = tell("device_del", {{"id", value(device)}}); !asked) return asked;
  // Of a device two things go, and only the device itself has a name.
  while (unplugged_ != device && !end_ && !deadline.passed()) poller_.serve(deadline);
  if (unplugged_ == device) return {};
  return refuse("Qemu(Unplug)", "QEMU: the guest does not let go of the device");
}

void Machine::serve_until(const std::function<bool()>& is_done, Deadline deadline) {
  constexpr std::chrono::milliseconds kLook{1};
  while (!is_done() && !end_ && !deadline.passed()) poller_.serve(Deadline::after(kLook));
}

Done Machine::save_state(int file) { return migrate("migrate", file); }

Done Machine::load_state(int file) { return migrate("migrate-incoming", file); }

Done Machine::migrate(std::string_view command, int file) {
  const Deadline deadline = Deadline::after(kStateTime);
  if (auto given = tell("getfd", {{"fdname", value("state")}}, file); !given) return given;
  migration_.clear();
  if (auto begun = tell(command, {{"uri", value("fd:state")}}); !begun) return begun;
  while (migration_ != "completed" && migration_ != "failed" && !end_ && !deadline.passed()) poller_.serve(deadline);
  if (migration_ == "completed") return {};
  if (end_) return refuse("Qemu(Migrate)", std::string(command) + ": " + end_->why);
  const auto status = ask("query-migrate");
  const std::string why(status ? text_of(member(*status, "error-desc")) : "");
  return refuse("Qemu(Migrate)", "QEMU: " + std::string(command) + ": " + (why.empty() ? migration_ : why));
}

}  // namespace microvm::standin::qemu
