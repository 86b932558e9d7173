// How a VM ends: the ladder, signals, waiting, and being forgotten.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include "common/base/timestamp.h"
#include "host/vm/api.h"
#include "host/vm/files.h"
#include "host/vm/journal.h"
#include "host/vm/lifecycle.h"
#include "host/vm/operation.h"
#include "host/vm/patience.h"

namespace microvm::vm {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kGlance = 5ms;

std::string_view name_of(StopRung::Kind kind) noexcept {
  return kind == StopRung::Kind::CtrlAltDel ? "ctrl-alt-del" : "kill";
}

// Why there is no use in it; empty: there may be.
std::string hopeless(const Seen& vm, const Spec& spec) {
#ifndef __x86_64__
  return "only x86_64 has it";
#endif
  if (vm.status.state == VmState::Created) return "the guest was not started";
  if (vm.status.state == VmState::Paused) return "the guest is paused";
  const std::string arguments = spec.config.boot_source ? spec.config.boot_source->boot_args.value_or("") : "";
  const bool has_keyboard = arguments.find("i8042.nokbd") == arguments.npos;
  return has_keyboard ? "" : "the boot arguments have i8042.nokbd: the guest has no keyboard";
}

// The monitor looks at it when it has to say why the VMM ended.
Result<void> intend(const Layout& layout, std::string_view what) {
  return write_file(layout.intent(), std::string(what) + '\n', Durable::No);
}

Result<void> press_keys(const Host& host, const Seen& vm) {
  auto api = open_api(host.options, vm.layout, vm.record, vm.vmm->pidfd.get());
  if (!api) return std::unexpected(std::move(api.error()));
  if (auto intended = intend(vm.layout, "ctrl-alt-del"); !intended) return intended;
  return api->put_action({fcapi::ActionType::SendCtrlAltDel});
}

Result<void> signal_vmm(const Layout& layout, const Process& vmm, int signal) {
  if (auto intended = intend(layout, fmt::format("kill {}", signal)); !intended) return intended;
  if (send_signal(vmm.pidfd.get(), signal) || errno == ESRCH) return {};
  return io_error(layout.run, fmt::format("signal {}", signal));
}

StopOutcome::Tried climb(const Host& host, const Seen& vm, const Spec& spec, const StopRung& rung) {
  StopOutcome::Tried tried{.kind = rung.kind};
  const auto begin = Clock::now();
  Result<void> sent;
  if (rung.kind == StopRung::Kind::CtrlAltDel) {
    tried.skipped = hopeless(vm, spec);
    if (tried.skipped.empty()) sent = press_keys(host, vm);
  } else {
    sent = signal_vmm(vm.layout, *vm.vmm, SIGKILL);
  }
  if (!sent) tried.skipped = sent.error().message;
  const bool may_work = tried.skipped.empty() || (!sent && sent.error().code == ErrorCode::VmmDied);
  tried.worked = may_work && wait_for_end(vm.vmm->pidfd.get(), Deadline::after(rung.budget));
  tried.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  return tried;
}

// The monitor writes down how it ended; where there is none, settling does.
Result<Exit> ended(Operation& operation) {
  if (auto exit = await_exit(operation.vm().layout, Deadline::after(kExitPatience))) return std::move(*exit);
  if (auto settled = operation.settle_again(); !settled) return std::unexpected(std::move(settled.error()));
  if (operation.vm().exit) return *operation.vm().exit;
  return std::unexpected(
      Error{ErrorCode::ReplyTimeout, 0, "the VMM has ended, but its monitor does not write down how"});
}

std::string ladder_of(const StopOutcome& outcome) {
  std::string text;
  for (const auto& tried : outcome.tried)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name_of(tried.kind),
                        !tried.skipped.empty() ? "skipped, " + tried.skipped
                        : tried.worked         ? "worked"
                                               : "did not work in time");
  return text;
}

}  // namespace

Result<StopOutcome> stop(const Host& host, std::string_view id, const std::vector<StopRung>& given) {
  auto operation =
      Operation::begin(host, id, "stop", {VmState::Created, VmState::Running, VmState::Paused, VmState::Exited});
  if (!operation) return std::unexpected(std::move(operation.error()));
  if (operation->vm().exit) return StopOutcome{{}, *operation->vm().exit};
  const auto spec = read_spec(operation->vm().layout);
  if (!spec) return operation->fail(spec.error());
  Result<void> done = operation->before("stop");
  const Status before = operation->vm().status;
  operation->vm().status.state = VmState::Stopping;
  if (done) done = operation->announce();
  operation->vm().status.state = before.state;
  if (!done) return operation->fail(std::move(done.error()));
  tell(host.roots, id, "stopping");

  StopOutcome outcome;
  for (const StopRung& rung : given.empty() ? spec->stop : given) {
    done = operation->before(name_of(rung.kind));
    if (!done) return operation->fail(std::move(done.error()));
    outcome.tried.push_back(climb(host, operation->vm(), *spec, rung));
    if (outcome.tried.back().worked) break;
  }
  if (!wait_for_end(operation->vm().vmm->pidfd.get(), Deadline::after(0ns)))
    return operation->fail({ErrorCode::ReplyTimeout, 0,
                            fmt::format("VM {}: stop: no rung of the ladder worked: {}", id, ladder_of(outcome))});
  auto exit = ended(*operation);
  if (!exit) return operation->fail(std::move(exit.error()));
  outcome.exit = std::move(*exit);
  done = operation->finish();
  if (!done) return std::unexpected(std::move(done.error()));
  return outcome;
}

Result<void> kill(const Host& host, std::string_view id, int signal) {
  if (signal < 1 || signal > SIGRTMAX)
    return std::unexpected(Error{ErrorCode::Invalid, 0, fmt::format("VM {}: {} is no signal", id, signal)});
  const auto vm = look(host.roots, id);
  if (!vm) return std::unexpected(vm.error());
  if (!vm->vmm) return wrong_state(*vm, "kill", "alive");
  return signal_vmm(vm->layout, *vm->vmm, signal);
}

Result<void> remove(const Host& host, std::string_view id, bool force) {
  if (force) {
    const auto vm = look(host.roots, id);
    if (!vm) return std::unexpected(vm.error());
    // Whoever holds the lock gets to know of it by the VMM's end.
    if (vm->vmm && vm->status.state != VmState::Creating) {
      if (auto sent = signal_vmm(vm->layout, *vm->vmm, SIGKILL); !sent) return sent;
      if (!wait_for_end(vm->vmm->pidfd.get(), Deadline::after(kEndPatience)))
        return std::unexpected(
            Error{ErrorCode::ReplyTimeout, 0, fmt::format("VM {}: remove: the VMM does not end on SIGKILL", id)});
      (void)await_exit(vm->layout, Deadline::after(kExitPatience));
    }
  }
  auto operation = Operation::begin(host, id, "remove", {VmState::Exited, VmState::Failed});
  if (!operation) return std::unexpected(std::move(operation.error()));
  if (auto before = operation->before("remove"); !before) return operation->fail(std::move(before.error()));
  // It is about to end by itself, having written down the exit.
  if (const auto monitor = live_monitor(operation->vm().layout))
    wait_for_end(monitor->pidfd.get(), Deadline::after(kExitPatience));
  if (auto given = give_back(host, operation->vm().layout, operation->vm().record); !given) return given;
  tell(host.roots, id, "removed");
  return {};
}

Result<Exit> wait(const Host& host, std::string_view id, Deadline deadline) {
  for (;;) {
    const auto vm = look(host.roots, id);
    if (!vm) return std::unexpected(vm.error());
    if (vm->exit) return *vm->exit;
    if (vm->is_unsettled() && (!vm->vmm || !vm->monitor)) {
      // Only settles what nobody is at.
      if (auto lock = VmLock::try_take(vm->layout.state); lock && *lock) {
        if (auto settled = settle(host, id, **lock); !settled) return std::unexpected(std::move(settled.error()));
        continue;
      }
    }
    if (deadline.passed())
      return std::unexpected(Error{ErrorCode::ReplyTimeout, 0, fmt::format("VM {}: it did not end in time", id)});
    if (vm->vmm) {
      wait_for_end(vm->vmm->pidfd.get(), deadline);
    } else {
      std::this_thread::sleep_until(Deadline::after(kGlance).earlier(deadline).when());
    }
  }
}

}  // namespace microvm::vm
