#include "tests/cli/double_runtime.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace microvm::test {
namespace {

using Lock = std::unique_lock<std::mutex>;
constexpr std::chrono::milliseconds kTick{5};

Timestamp now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

void append(const VmInfo& vm, const char* tag, const std::string& text) {
  std::ofstream(vm.state_dir + "/console.log", std::ios::app)
      << fmt::format("2026-11-30T10:00:00.123456789Z stdout {} {}\n", tag, text);
}

std::unexpected<Error> missing(std::string_view id) {
  return std::unexpected(Error{ErrorCode::Missing, 0, fmt::format("there is no VM {}", id)});
}

}  // namespace

class DoubleRuntime : public Runtime {
 public:
  DoubleRuntime(DoubleHost& host, RuntimeOptions options) : host_(host), options_(std::move(options)) {}

  Result<CreateResult> create(const Spec& spec) override {
    Lock lock(host_.mutex_);
    host_.spec_ = spec;
    const std::string id = spec.id.empty() ? "made-up" : spec.id;
    host_.called("create " + id);
    if (auto error = host_.failure("create")) return std::unexpected(*error);
    if (host_.vms_.contains(id)) return std::unexpected(Error{ErrorCode::Exists, 0, id + " exists"});
    for (const char* step : {"process", "configuration"}) {
      if (auto go = before(id, step); !go) return std::unexpected(go.error());
      if (!host_.gate_.empty()) std::ofstream(host_.gate_ + ".reached");
      while (!host_.gate_.empty() && !std::filesystem::exists(host_.gate_)) host_.changed_.wait_for(lock, kTick);
    }
    VmInfo vm{.id = id, .state = VmState::Created, .created = now()};
    vm.state_dir = options_.state_dir + "/vms/" + id;
    vm.run_dir = options_.run_dir + "/" + id;
    std::filesystem::create_directories(vm.state_dir);
    std::filesystem::create_directories(vm.run_dir);
    host_.vms_[id] = std::make_unique<DoubleHost::Vm>(DoubleHost::Vm{.info = vm});
    return CreateResult{.id = id, .phases = {.process = std::chrono::microseconds(2100)}, .warnings = {}};
  }

  Result<Phases> start(std::string_view id) override {
    Lock lock(host_.mutex_);
    host_.called(fmt::format("start {}", id));
    const auto found = host_.vms_.find(std::string(id));
    if (found == host_.vms_.end()) return missing(id);
    if (auto error = host_.failure("start")) return std::unexpected(*error);
    if (found->second->info.state != VmState::Created) {
      return std::unexpected(Error{ErrorCode::WrongState, 0, fmt::format("{} was started before", id)});
    }
    if (auto go = before(id, "start"); !go) return std::unexpected(go.error());
    DoubleHost::Vm& vm = *found->second;
    vm.info.state = VmState::Running;
    vm.info.started = now();
    vm.ready =
        std::ranges::none_of(host_.script_, [](const std::string& line) { return line.find("ready") != line.npos; });
    vm.guest = std::thread([&host = host_, &vm] { host.play(vm); });
    host_.changed_.wait(lock, [&] { return vm.ready || vm.unready || vm.info.state == VmState::Exited; });
    if (vm.unready) return std::unexpected(*vm.unready);
    if (!vm.ready) return std::unexpected(Error{ErrorCode::VmmDied, 0, "the guest has ended"});
    vm.info.ready = now();
    return Phases{.start = std::chrono::microseconds(9900)};
  }

  Result<void> pause(std::string_view id) override { return simple("pause", id, VmState::Paused); }
  Result<void> resume(std::string_view id) override { return simple("resume", id, VmState::Running); }

  Result<StopOutcome> stop(std::string_view id, const std::vector<StopRung>& ladder) override {
    Lock lock(host_.mutex_);
    std::string call = fmt::format("stop {}", id);
    for (const StopRung& rung : ladder) {
      call += fmt::format(" {} {}", rung.kind == StopRung::Kind::Kill ? "kill" : "ctrl_alt_del", rung.budget.count());
    }
    host_.called(call);
    const auto found = host_.vms_.find(std::string(id));
    if (found == host_.vms_.end()) return missing(id);
    if (auto error = host_.failure("stop")) return std::unexpected(*error);
    if (auto go = before(id, "stop"); !go) return std::unexpected(go.error());
    if (host_.busy_ > 0) {
      --host_.busy_;
      return std::unexpected(Error{ErrorCode::Busy, 0, "start is in the way"});
    }
    DoubleHost::Vm& vm = *found->second;
    vm.asked = true;
    if (vm.info.state != VmState::Exited && !vm.guest.joinable()) host_.end(vm, ExitReason::Stopped);
    host_.changed_.notify_all();
    host_.changed_.wait(lock, [&] { return vm.info.state == VmState::Exited || host_.closing_; });
    StopOutcome outcome{.tried = {{.kind = StopRung::Kind::CtrlAltDel, .took = kTick, .worked = true}},
                        .exit = vm.info.exit.value_or(Exit{})};
    return outcome;
  }

  Result<void> kill(std::string_view id, int signal) override {
    const Lock lock(host_.mutex_);
    host_.called(fmt::format("kill {} {}", id, signal));
    const auto found = host_.vms_.find(std::string(id));
    if (found == host_.vms_.end()) return missing(id);
    if (auto error = host_.failure("kill")) return std::unexpected(*error);
    found->second->killed = true;
    host_.changed_.notify_all();
    return {};
  }

  Result<void> remove(std::string_view id, bool force) override {
    Lock lock(host_.mutex_);
    host_.called(fmt::format("remove {}{}", id, force ? " force" : ""));
    const auto found = host_.vms_.find(std::string(id));
    if (found == host_.vms_.end()) return missing(id);
    if (auto error = host_.failure("remove")) return std::unexpected(*error);
    DoubleHost::Vm& vm = *found->second;
    if (vm.info.state != VmState::Exited && vm.info.state != VmState::Failed) {
      if (!force) return std::unexpected(Error{ErrorCode::WrongState, 0, fmt::format("{} still runs", id)});
      vm.killed = true;
      host_.changed_.notify_all();
    }
    if (vm.guest.joinable()) {
      lock.unlock();
      vm.guest.join();
      lock.lock();
    }
    std::filesystem::remove_all(vm.info.state_dir);
    host_.vms_.erase(std::string(id));
    return {};
  }

  Result<Exit> wait(std::string_view id, std::chrono::milliseconds timeout) override {
    Lock lock(host_.mutex_);
    host_.called(fmt::format("wait {}", id));
    const auto found = host_.vms_.find(std::string(id));
    if (found == host_.vms_.end()) return missing(id);
    const DoubleHost::Vm& vm = *found->second;
    const auto end =
        std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(timeout, std::chrono::hours(1));
    if (!host_.changed_.wait_until(lock, end, [&] { return vm.info.exit.has_value(); })) {
      return std::unexpected(Error{ErrorCode::ReplyTimeout, 0, fmt::format("{} has not ended", id)});
    }
    return *vm.info.exit;
  }

  Result<std::vector<VmInfo>> list() override {
    const Lock lock(host_.mutex_);
    if (auto error = host_.failure("list")) return std::unexpected(*error);
    std::vector<VmInfo> vms;
    for (const auto& [id, vm] : host_.vms_) vms.push_back(vm->info);
    return vms;
  }

  Result<VmInfo> inspect(std::string_view id) override {
    const Lock lock(host_.mutex_);
    const auto found = host_.vms_.find(std::string(id));
    if (found == host_.vms_.end()) return missing(id);
    return found->second->info;
  }

  Result<void> events(Timestamp since, std::chrono::milliseconds timeout,
                      const std::function<bool(const Event&)>& event) override {
    for (const Event& one : host_.events) {
      if (one.when >= since && !event(one)) return {};
    }
    host_.called(fmt::format("events {}", timeout.count() == 0 ? "past" : "stream"));
    return {};
  }

  Result<std::vector<Garbage>> gc(bool dry_run) override {
    auto garbage = host_.garbage;
    for (Garbage& one : garbage) one.removed = !dry_run;
    return garbage;
  }

 private:
  Result<void> before(std::string_view id, std::string_view step) {
    return options_.before_step ? options_.before_step(id, step) : Result<void>();
  }

  Result<void> simple(const char* operation, std::string_view id, VmState state) {
    const Lock lock(host_.mutex_);
    host_.called(fmt::format("{} {}", operation, id));
    const auto found = host_.vms_.find(std::string(id));
    if (found == host_.vms_.end()) return missing(id);
    if (auto error = host_.failure(operation)) return std::unexpected(*error);
    found->second->info.state = state;
    return {};
  }

  DoubleHost& host_;
  RuntimeOptions options_;
};

Result<std::vector<PlanStep>> double_plan(const Spec& spec, const RuntimeOptions& options) {
  PlanStep step{.name = "process",
                .actions = {"state " + options.state_dir, "run " + options.run_dir, "vmm " + options.firecracker,
                            "monitor " + options.monitor, fmt::format("timeout {}", options.api_timeout.count())}};
  for (const std::string& entry : options.vmm_environment) step.actions.push_back("environment " + entry);
  if (spec.config.boot_source) step.actions.push_back("kernel " + spec.config.boot_source->kernel_image_path);
  for (const auto& drive : spec.config.drives) {
    step.actions.push_back(
        fmt::format("drive {} {}", drive.path_on_host.value_or(""), drive.is_read_only.value_or(false)));
  }
  if (const auto& machine = spec.config.machine_config) {
    step.actions.push_back(fmt::format("machine {} {}", machine->vcpu_count, machine->mem_size_mib));
  }
  return std::vector<PlanStep>{std::move(step)};
}

DoubleHost::~DoubleHost() {
  {
    const Lock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  for (auto& [id, vm] : vms_) {
    if (vm->guest.joinable()) vm->guest.join();
  }
}

std::unique_ptr<Runtime> DoubleHost::runtime(RuntimeOptions options) {
  return std::make_unique<DoubleRuntime>(*this, std::move(options));
}

void DoubleHost::add(VmInfo vm) {
  const Lock lock(mutex_);
  vms_[vm.id] = std::make_unique<Vm>(Vm{.info = vm});
}

void DoubleHost::fail(const std::string& operation, Error error) {
  const Lock lock(mutex_);
  failures_.insert_or_assign(operation, std::move(error));
}

std::vector<std::string> DoubleHost::calls() {
  const Lock lock(mutex_);
  return calls_;
}

Spec DoubleHost::spec() {
  const Lock lock(mutex_);
  return spec_;
}

void DoubleHost::called(const std::string& call) { calls_.push_back(call); }

std::optional<Error> DoubleHost::failure(const std::string& operation) {
  const auto found = failures_.find(operation);
  if (found == failures_.end()) return std::nullopt;
  const Error error = found->second;
  failures_.erase(found);
  return error;
}

void DoubleHost::play(Vm& vm) {
  Lock lock(mutex_);
  for (const std::string& text : script_) {
    if (vm.killed || closing_ || !line(vm, text, lock)) break;
  }
  changed_.wait(lock, [&] { return vm.killed || closing_ || vm.info.exit || (vm.asked && !vm.stubborn); });
  if (!vm.info.exit && !closing_) end(vm, vm.killed ? ExitReason::Killed : ExitReason::Stopped);
}

bool DoubleHost::line(Vm& vm, const std::string& line, Lock& lock) {
  const std::string word = line.substr(0, line.find(' '));
  const std::string rest = line.size() > word.size() ? line.substr(word.size() + 1) : "";
  const auto is_over = [&] { return vm.killed || closing_; };
  if (word == "say") append(vm.info, "F", rest);
  if (word == "part") append(vm.info, "P", rest);
  if (word == "rotate")
    std::filesystem::rename(vm.info.state_dir + "/console.log", vm.info.state_dir + "/console.log.1");
  if (word == "ready") vm.ready = true;
  if (word == "unready") vm.unready = Error{ErrorCode::HandshakeTimeout, 0, rest};
  if (word == "stubborn") vm.stubborn = true;
  if (word == "hold") changed_.wait(lock, [&] { return is_over() || (vm.asked && !vm.stubborn); });
  while (word == "wait" && !is_over() && !std::filesystem::exists(rest)) changed_.wait_for(lock, kTick);
  if (word == "end") end(vm, *reason_from(rest));
  changed_.notify_all();
  return word != "end";
}

void DoubleHost::end(Vm& vm, ExitReason reason) {
  vm.info.exit = Exit{.code = 0, .reason = reason, .certainty = Certainty::Certain, .detail = {}, .finished = now()};
  vm.info.state = VmState::Exited;
  std::ofstream(vm.info.state_dir + "/exit.json.new") << "{}";
  if (std::filesystem::exists(vm.info.state_dir)) {
    std::filesystem::rename(vm.info.state_dir + "/exit.json.new", vm.info.state_dir + "/exit.json");
  }
  changed_.notify_all();
}

}  // namespace microvm::test
