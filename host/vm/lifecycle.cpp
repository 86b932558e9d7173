// Starting, pausing, resuming.
#include "host/vm/lifecycle.h"

#include <fmt/format.h>

#include <chrono>

#include "common/base/timestamp.h"
#include "host/vm/api.h"
#include "host/vm/journal.h"
#include "host/vm/metadata_push.h"
#include "host/vm/operation.h"
#include "host/vm/patience.h"

namespace microvm::vm {
namespace {

Result<fcapi::Client> api_of(const Host& host, const Seen& vm) {
  return open_api(host.options, vm.layout, vm.record, vm.vmm->pidfd.get());
}

// The VM's own lock is free again meanwhile: a guest may take its time, and others may want to stop it.
Result<PushTimes> push_unlocked(const Host& host, const Seen& vm, const metadata::Change& change, Deadline deadline) {
  auto times = push(vm, change, deadline);
  if (!times) {
    times.error().message = fmt::format("VM {}: start: metadata: {}", vm.id, times.error().message);
    times.error().step = "metadata";
    return times;
  }
  auto operation = Operation::begin(host, vm.id, "start", {});
  if (!operation) return std::unexpected(std::move(operation.error()));
  operation->vm().status.ready = now_ms();
  if (auto done = operation->finish(); !done) return std::unexpected(std::move(done.error()));
  return times;
}

}  // namespace

Result<Phases> start(const Host& host, std::string_view id, std::optional<Configured> configured) {
  auto operation = Operation::begin(host, id, "start", {VmState::Created});
  if (!operation) return std::unexpected(std::move(operation.error()));
  const auto spec = read_spec(operation->vm().layout);
  if (!spec) return std::unexpected(spec.error());
  const bool pushes = spec->metadata.is_wanted();
  auto change = pushes ? gather(spec->metadata) : metadata::Change{};
  if (!change) return std::unexpected(std::move(change.error()));
  Result<void> done = operation->before("start");
  if (done) done = operation->announce();
  if (!done) return operation->fail(std::move(done.error()));

  Phases phases;
  const auto begin = Clock::now();
  const bool is_to_it = configured && configured->vmm.identity == operation->vm().vmm->identity;
  auto api = is_to_it ? Result<fcapi::Client>(std::move(configured->api)) : api_of(host, operation->vm());
  if (!api) return operation->fail(std::move(api.error()));
  done = api->put_action({fcapi::ActionType::InstanceStart});
  if (!done) return operation->fail(std::move(done.error()));
  phases.start = since(begin);
  const Deadline deadline = Deadline::at(Clock::now() + spec->metadata.timeout);
  operation->vm().status.started = now_ms();
  done = operation->before("started");
  if (done) done = operation->finish(VmState::Running);
  if (!done) return operation->fail(std::move(done.error()));
  tell(host.roots, id, "started");
  if (!pushes) return phases;

  const Seen vm = std::move(operation->vm());
  operation = std::unexpected(Error{});  // the lock is given back
  const auto times = push_unlocked(host, vm, *change, deadline);
  if (!times) return std::unexpected(times.error());
  phases.guest_daemon = times->guest_daemon;
  phases.metadata = times->metadata;
  tell(host.roots, id, "ready");
  return phases;
}

Result<void> pause(const Host& host, std::string_view id) {
  auto operation = Operation::begin(host, id, "pause", {VmState::Running, VmState::Paused});
  if (!operation) return std::unexpected(std::move(operation.error()));
  if (operation->vm().state() == VmState::Paused) return {};
  Result<void> done = operation->before("pause");
  if (done) done = operation->announce();
  if (!done) return operation->fail(std::move(done.error()));
  auto api = api_of(host, operation->vm());
  done = api ? api->patch_vm({fcapi::TargetState::Paused}) : std::unexpected(std::move(api.error()));
  if (!done) return operation->fail(std::move(done.error()));
  done = operation->finish(VmState::Paused);
  if (done) tell(host.roots, id, "paused");
  return done;
}

Result<void> resume(const Host& host, std::string_view id) {
  auto operation = Operation::begin(host, id, "resume", {VmState::Running, VmState::Paused});
  if (!operation) return std::unexpected(std::move(operation.error()));
  // A redundant one has the same effect on vsock.
  if (operation->vm().state() == VmState::Running) return {};
  Result<void> done = operation->before("resume");
  if (done) done = operation->announce();
  if (!done) return operation->fail(std::move(done.error()));
  auto api = api_of(host, operation->vm());
  done = api ? api->patch_vm({fcapi::TargetState::Resumed}) : std::unexpected(std::move(api.error()));
  if (done) operation->vm().status.state = VmState::Running;
  // Whoever settles a resume that ended here does it in its place.
  if (done) done = operation->before("revive vsock");
  if (done) done = revive_vsock(*api, operation->vm().layout, operation->vm().record);
  if (!done) return operation->fail(std::move(done.error()));
  done = operation->finish(VmState::Running);
  if (done) tell(host.roots, id, "resumed");
  return done;
}

}  // namespace microvm::vm
