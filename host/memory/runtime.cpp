// The runtime without a VMM: the same rules, in memory.
#include "microvm/runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include "microvm/spec.h"

namespace microvm {
namespace memory {
namespace {

constexpr std::size_t kMaxEvents = 1000;  // those before are forgotten
// A longer wait is no other one; sums with the clock stay within its range.
constexpr std::chrono::milliseconds kLongestWait = std::chrono::hours(24 * 365);

Timestamp now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

std::chrono::steady_clock::time_point after(std::chrono::milliseconds timeout) {
  return std::chrono::steady_clock::now() + std::clamp(timeout, std::chrono::milliseconds(0), kLongestWait);
}

// Those that a VMM survives.
bool ends(int signal) {
  constexpr std::array kHarmless = {SIGCHLD, SIGCONT, SIGPIPE, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH};
  return std::ranges::find(kHarmless, signal) == kHarmless.end();
}

struct Vm {
  Spec spec;
  VmState state = VmState::Created;
  Timestamp created = now();
  std::optional<Timestamp> started{};
  std::optional<Exit> exit{};
};
using VmPtr = std::shared_ptr<Vm>;

std::unexpected<Error> refuse(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, 0, std::move(message)});
}

class MemoryRuntime final : public Runtime {
 public:
  Result<CreateResult> create(const Spec& spec) override;
  Result<Phases> start(std::string_view id) override;
  Result<void> pause(std::string_view id) override { return change(id, "pause", VmState::Running, VmState::Paused); }
  Result<void> resume(std::string_view id) override { return change(id, "resume", VmState::Paused, VmState::Running); }
  Result<StopOutcome> stop(std::string_view id, const std::vector<StopRung>& ladder) override;
  Result<void> kill(std::string_view id, int signal) override;
  Result<void> remove(std::string_view id, bool force) override;
  Result<Exit> wait(std::string_view id, std::chrono::milliseconds timeout) override;
  Result<std::vector<VmInfo>> list() override;
  Result<VmInfo> inspect(std::string_view id) override;
  Result<void> events(Timestamp since, std::chrono::milliseconds timeout,
                      const std::function<bool(const Event&)>& event) override;
  Result<std::vector<Garbage>> gc(bool /*dry_run*/) override { return std::vector<Garbage>(); }

 private:
  using Lock = std::unique_lock<std::mutex>;

  // All of these with the lock held.
  Result<VmPtr> find(std::string_view id) const;
  Result<VmPtr> find_in(std::string_view id, std::string_view operation, std::initializer_list<VmState> states) const;
  std::string made_up_id();
  void tell(std::string_view id, std::string_view what);
  void end(Vm& vm, const Exit& exit);

  Result<void> change(std::string_view id, std::string_view operation, VmState from, VmState to);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, VmPtr, std::less<>> vms_;
  std::deque<Event> events_;
  std::uint64_t forgotten_ = 0;  // events that were there before the first of events_
  std::random_device random_;
};

VmInfo info_of(const Vm& vm) {
  VmInfo info{.id = vm.spec.id, .state = vm.state, .created = vm.created};
  info.started = info.ready = vm.started;
  info.exit = vm.exit;
  if (vm.spec.config.vsock) info.vsock_socket = vm.spec.config.vsock->uds_path;
  info.metadata_port = vm.spec.metadata.port;
  const auto machine = vm.spec.config.machine_config.value_or(fcapi::MachineConfig());
  info.vcpu_count = machine.vcpu_count;
  info.mem_size_mib = machine.mem_size_mib;
  return info;
}

Result<VmPtr> MemoryRuntime::find(std::string_view id) const {
  if (const auto checked = check_id(id); !checked) return std::unexpected(checked.error());
  const auto found = vms_.find(id);
  if (found == vms_.end()) return refuse(ErrorCode::Missing, fmt::format("there is no VM {}", id));
  return found->second;
}

Result<VmPtr> MemoryRuntime::find_in(std::string_view id, std::string_view operation,
                                     std::initializer_list<VmState> states) const {
  auto vm = find(id);
  if (!vm || std::ranges::find(states, (*vm)->state) != states.end()) return vm;
  return refuse(ErrorCode::WrongState, fmt::format("{} {}: it is {}", operation, id, state_name((*vm)->state)));
}

std::string MemoryRuntime::made_up_id() {
  std::string id;
  do {
    id = fmt::format("vm-{:08x}{:04x}", random_(), random_() & 0xffffU);
  } while (vms_.contains(id));
  return id;
}

void MemoryRuntime::tell(std::string_view id, std::string_view what) {
  events_.push_back({now(), std::string(id), std::string(what)});
  if (events_.size() > kMaxEvents) {
    events_.pop_front();
    ++forgotten_;
  }
  changed_.notify_all();
}

void MemoryRuntime::end(Vm& vm, const Exit& exit) {
  vm.state = VmState::Exited;
  vm.exit = exit;
  vm.exit->finished = now();
  tell(vm.spec.id, "exited");
}

Result<CreateResult> MemoryRuntime::create(const Spec& spec) {
  if (const auto checked = check_spec(spec); !checked) return std::unexpected(checked.error());
  const Lock lock(mutex_);
  auto vm = std::make_shared<Vm>(spec);
  if (spec.id.empty()) vm->spec.id = made_up_id();
  const std::string id = vm->spec.id;
  if (!vms_.try_emplace(id, std::move(vm)).second)
    return refuse(ErrorCode::Exists, fmt::format("there is a VM {} already", id));
  tell(id, "created");
  return CreateResult{.id = id, .phases = {}, .warnings = {}};
}

Result<Phases> MemoryRuntime::start(std::string_view id) {
  const Lock lock(mutex_);
  const auto vm = find_in(id, "start", {VmState::Created});
  if (!vm) return std::unexpected(vm.error());
  (*vm)->state = VmState::Running;
  (*vm)->started = now();
  tell(id, "started");
  tell(id, "ready");
  return Phases{};
}

// Once more is no error, as with the VMM.
Result<void> MemoryRuntime::change(std::string_view id, std::string_view operation, VmState from, VmState to) {
  const Lock lock(mutex_);
  const auto vm = find_in(id, operation, {from, to});
  if (!vm) return std::unexpected(vm.error());
  if (std::exchange((*vm)->state, to) != to) tell(id, to == VmState::Paused ? "paused" : "resumed");
  return {};
}

Result<StopOutcome> MemoryRuntime::stop(std::string_view id, const std::vector<StopRung>& ladder) {
  const Lock lock(mutex_);
  const auto found = find_in(id, "stop", {VmState::Created, VmState::Running, VmState::Paused, VmState::Exited});
  if (!found) return std::unexpected(found.error());
  Vm& vm = **found;
  StopOutcome outcome;
  if (vm.state == VmState::Exited) {
    outcome.exit = *vm.exit;
    return outcome;
  }
  tell(id, "stopping");
  for (const StopRung& rung : ladder.empty() ? vm.spec.stop : ladder) {
    StopOutcome::Tried& tried = outcome.tried.emplace_back(StopOutcome::Tried{.kind = rung.kind});
    const bool is_kill = rung.kind == StopRung::Kind::Kill;
    if (!is_kill && vm.state != VmState::Running) {
      tried.skipped = fmt::format("the VM is {}", state_name(vm.state));
      continue;
    }
    tried.worked = true;
    Exit exit{.reason = is_kill ? ExitReason::Killed : ExitReason::Stopped, .certainty = Certainty::Certain};
    (is_kill ? exit.signal : exit.code) = is_kill ? SIGKILL : 0;
    end(vm, exit);
    outcome.exit = *vm.exit;
    return outcome;
  }
  return refuse(ErrorCode::ReplyTimeout, fmt::format("stop {}: no rung of the ladder ended it", id));
}

Result<void> MemoryRuntime::kill(std::string_view id, int signal) {
  if (signal < 1 || signal > SIGRTMAX) return refuse(ErrorCode::Invalid, fmt::format("{} is no signal", signal));
  const Lock lock(mutex_);
  const auto vm = find_in(id, "kill", {VmState::Created, VmState::Running, VmState::Paused});
  if (!vm) return std::unexpected(vm.error());
  if (ends(signal)) end(**vm, {.signal = signal, .reason = ExitReason::Killed, .certainty = Certainty::Certain});
  return {};
}

Result<void> MemoryRuntime::remove(std::string_view id, bool force) {
  const Lock lock(mutex_);
  const auto found = force ? find(id) : find_in(id, "remove", {VmState::Exited, VmState::Failed});
  if (!found) return std::unexpected(found.error());
  Vm& vm = **found;
  if (!vm.exit) end(vm, {.signal = SIGKILL, .reason = ExitReason::Killed, .certainty = Certainty::Certain});
  vms_.erase(vms_.find(id));
  tell(id, "removed");
  return {};
}

Result<Exit> MemoryRuntime::wait(std::string_view id, std::chrono::milliseconds timeout) {
  const auto deadline = after(timeout);
  Lock lock(mutex_);
  // Held, so that its end is known even when it is removed in the same moment.
  const auto vm = find(id);
  if (!vm) return std::unexpected(vm.error());
  if (!changed_.wait_until(lock, deadline, [&] { return (*vm)->exit.has_value(); }))
    return refuse(ErrorCode::ReplyTimeout, fmt::format("wait {}: it is still {}", id, state_name((*vm)->state)));
  return *(*vm)->exit;
}

Result<std::vector<VmInfo>> MemoryRuntime::list() {
  const Lock lock(mutex_);
  std::vector<VmInfo> all;
  for (const auto& [id, vm] : vms_) all.push_back(info_of(*vm));
  return all;
}

Result<VmInfo> MemoryRuntime::inspect(std::string_view id) {
  const Lock lock(mutex_);
  const auto vm = find(id);
  if (!vm) return std::unexpected(vm.error());
  return info_of(**vm);
}

Result<void> MemoryRuntime::events(Timestamp since, std::chrono::milliseconds timeout,
                                   const std::function<bool(const Event&)>& event) {
  const auto deadline = after(timeout);
  Lock lock(mutex_);
  for (std::uint64_t next = forgotten_;; ++next) {
    const auto is_there = [&] { return next < forgotten_ + events_.size(); };
    if (!changed_.wait_until(lock, deadline, is_there)) return {};
    next = std::max(next, forgotten_);
    const Event happened = events_[next - forgotten_];
    if (happened.when < since) continue;
    // The listener may call the runtime.
    lock.unlock();
    const bool goes_on = event(happened);
    lock.lock();
    if (!goes_on) return {};
  }
}

}  // namespace
}  // namespace memory

std::unique_ptr<Runtime> make_memory_runtime() { return std::make_unique<memory::MemoryRuntime>(); }

}  // namespace microvm
