// The runtime of real VMs: nothing in memory that is not on disk, but for one connection that saves a second one.
#include "microvm/runtime.h"

#include <map>
#include <mutex>

#include "host/vm/create.h"
#include "host/vm/garbage.h"
#include "host/vm/journal.h"
#include "host/vm/lifecycle.h"
#include "host/vm/unfinished.h"

namespace microvm {
namespace {

using namespace vm;

constexpr std::chrono::hours kForEver{24 * 3650};

Deadline after(std::chrono::milliseconds timeout) {
  return Deadline::after(std::min<std::chrono::milliseconds>(timeout, kForEver));
}

class FirecrackerRuntime final : public Runtime {
 public:
  FirecrackerRuntime(RuntimeOptions options, Result<Roots> roots)
      : roots_error_(roots ? Result<void>() : std::unexpected(roots.error())) {
    host_.options = std::move(options);
    if (roots) host_.roots = std::move(*roots);
  }

  Result<CreateResult> create(const Spec& spec) override {
    if (!roots_error_) return std::unexpected(roots_error_.error());
    sweep_unfinished(host_.roots);
    auto creation = Creation::prepare(host_, spec);
    if (!creation) return std::unexpected(std::move(creation.error()));
    auto created = (*creation)->run();
    if (!created && created.error().code == ErrorCode::Exists && created.error().step == "record") {
      // It may be one that a dead driver left half-made; then it is gone afterwards.
      if (const auto found = clear_half_made(spec.id); !found) {
        creation = Creation::prepare(host_, spec);
        if (!creation) return std::unexpected(std::move(creation.error()));
        created = (*creation)->run();
      }
    }
    if (created) keep(created->id, (*creation)->take_configured());
    return created;
  }

  Result<Phases> start(std::string_view id) override {
    return checked([&] { return vm::start(host_, id, take(id)); });
  }
  Result<void> pause(std::string_view id) override {
    return checked([&] { return vm::pause(host_, id); });
  }
  Result<void> resume(std::string_view id) override {
    return checked([&] { return vm::resume(host_, id); });
  }
  Result<StopOutcome> stop(std::string_view id, const std::vector<StopRung>& ladder) override {
    take(id);
    return checked([&] { return vm::stop(host_, id, ladder); });
  }
  Result<void> kill(std::string_view id, int signal) override {
    return checked([&] { return vm::kill(host_, id, signal); });
  }
  Result<void> remove(std::string_view id, bool force) override {
    take(id);
    return checked([&] { return vm::remove(host_, id, force); });
  }
  Result<Exit> wait(std::string_view id, std::chrono::milliseconds timeout) override {
    return checked([&] { return vm::wait(host_, id, after(timeout)); });
  }

  Result<std::vector<VmInfo>> list() override {
    return checked([&]() -> Result<std::vector<VmInfo>> {
      settle_all(host_);
      const auto ids = ids_in(host_.roots);
      if (!ids) return std::unexpected(ids.error());
      std::vector<VmInfo> all;
      for (const std::string& id : *ids) {
        const auto vm = look(host_.roots, id);
        if (vm) all.push_back(info_of(*vm));
        if (!vm && vm.error().code != ErrorCode::Missing) return std::unexpected(vm.error());
      }
      return all;
    });
  }
  Result<VmInfo> inspect(std::string_view id) override {
    return checked([&]() -> Result<VmInfo> {
      auto vm = look(host_.roots, id);
      if (vm && vm->is_unsettled()) {
        if (const auto lock = VmLock::try_take(vm->layout.state); lock && *lock) vm = settle(host_, id, **lock);
      }
      if (!vm) return std::unexpected(std::move(vm.error()));
      return info_of(*vm);
    });
  }
  Result<void> events(Timestamp since, std::chrono::milliseconds timeout,
                      const std::function<bool(const Event&)>& event) override {
    return checked([&] { return follow(host_.roots, since, after(timeout), event); });
  }
  Result<std::vector<Garbage>> gc(bool dry_run) override {
    return checked([&] { return collect_garbage(host_, dry_run); });
  }

 private:
  template <class Call>
  auto checked(Call call) -> decltype(call()) {
    if (!roots_error_) return std::unexpected(roots_error_.error());
    return call();
  }

  // Missing once a half-made one was given back.
  Result<void> clear_half_made(std::string_view id) {
    const auto layout = lay_out(host_.roots, id);
    if (!layout) return {};
    const auto lock = VmLock::try_take(layout->state);
    if (!lock || !*lock) return {};
    const auto vm = settle(host_, id, **lock);
    return vm ? Result<void>() : std::unexpected(vm.error());
  }

  void keep(const std::string& id, Configured configured) {
    const std::lock_guard guard(mutex_);
    configured_.insert_or_assign(id, std::move(configured));
  }
  std::optional<Configured> take(std::string_view id) {
    const std::lock_guard guard(mutex_);
    const auto found = configured_.find(std::string(id));
    if (found == configured_.end()) return std::nullopt;
    std::optional<Configured> configured(std::move(found->second));
    configured_.erase(found);
    return configured;
  }

  Host host_;
  Result<void> roots_error_;
  std::mutex mutex_;
  std::map<std::string, Configured> configured_;  ///< of VMs that were created here and not started yet
};

}  // namespace

std::unique_ptr<Runtime> make_firecracker_runtime(RuntimeOptions options) {
  auto roots = roots_of(options);
  return std::make_unique<FirecrackerRuntime>(std::move(options), std::move(roots));
}

Result<std::vector<PlanStep>> plan(const Spec& spec, const RuntimeOptions& options) {
  auto roots = roots_of(options);
  if (!roots) return std::unexpected(std::move(roots.error()));
  const Host host{options, std::move(*roots)};
  const auto creation = Creation::prepare(host, spec);
  if (!creation) return std::unexpected(creation.error());
  std::vector<PlanStep> plan;
  for (Step& step : (*creation)->steps()) plan.push_back({std::move(step.name), std::move(step.actions)});
  return plan;
}

}  // namespace microvm
