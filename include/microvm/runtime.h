// The life of microVMs on this host: created, started, paused, stopped, from any process, each surviving its driver.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "microvm/runtime_types.h"

namespace microvm {

struct CreateResult {
  std::string id;
  Phases phases;
  std::vector<std::string> warnings;
};

/// All calls are safe from several threads and processes at once: each VM has one lock, held while something changes
/// it. A call that finds it taken waits until its deadline, then answers Busy and names the operation in the way. Ids
/// are exact here; Missing says that there is no such VM, Exists that there is one, WrongState that its state does not
/// allow what was asked.
///
/// A caller may be killed at any instruction: the next call on that VM, from any process, brings the record in step
/// with what really runs, and gives back what a half-made VM had taken.
class Runtime {
 public:
  virtual ~Runtime() = default;

  /// Takes all that the VM needs and configures its VMM. On failure everything is given back, and the error names the
  /// step, the cause and the VMM's last words.
  virtual Result<CreateResult> create(const Spec& spec) = 0;
  /// Starts the guest of a created VM, hands it its metadata and returns once it holds all of it. A guest that panics
  /// or a VMM that ends meanwhile ends the wait at once (VmmDied). When only the metadata failed the VM goes on
  /// running.
  virtual Result<Phases> start(std::string_view id) = 0;
  virtual Result<void> pause(std::string_view id) = 0;
  /// On versions whose vsock stays dead after a pause (1.16.0, 1.16.1) it is brought back to life.
  virtual Result<void> resume(std::string_view id) = 0;
  /// Climbs the ladder, that of the spec when `ladder` is empty. One that has exited is no error.
  virtual Result<StopOutcome> stop(std::string_view id, const std::vector<StopRung>& ladder = {}) = 0;
  /// Sends the VMM a signal; waits for no lock.
  virtual Result<void> kill(std::string_view id, int signal = 9) = 0;
  /// Forgets an exited or failed VM and removes what it had on disk; `force` kills it first.
  virtual Result<void> remove(std::string_view id, bool force = false) = 0;
  /// Until the VM has exited. ReplyTimeout when `timeout` is over first.
  virtual Result<Exit> wait(std::string_view id, std::chrono::milliseconds timeout) = 0;
  /// Sorted by id. Never waits for a lock.
  virtual Result<std::vector<VmInfo>> list() = 0;
  virtual Result<VmInfo> inspect(std::string_view id) = 0;
  /// Calls `event` for what happened since `since` and for what happens, until it returns false or `timeout` is over.
  virtual Result<void> events(Timestamp since, std::chrono::milliseconds timeout,
                              const std::function<bool(const Event&)>& event) = 0;
  /// Removes what no live VM owns; with `dry_run` it only tells. Never touches what the runtime did not make.
  virtual Result<std::vector<Garbage>> gc(bool dry_run) = 0;
};

struct RuntimeOptions {
  std::string firecracker{};                       ///< absolute path of the VMM
  std::string monitor{};                           ///< absolute path of `microvm-monitor`
  std::string state_dir{"/var/lib/microvm"};       ///< what must last: vms/<id>/
  std::string run_dir{"/run/microvm"};             ///< sockets and locks: <id>/
  std::vector<std::string> vmm_environment{};      ///< the VMM's whole environment: `NAME=value`
  std::chrono::milliseconds api_timeout{10'000};   ///< waiting for the API socket, and each request
  std::chrono::milliseconds lock_timeout{10'000};  ///< waiting for another operation on the same VM
  /// Told before each step, for progress and for tests: an error makes that step fail.
  std::function<Result<void>(std::string_view id, std::string_view step)> before_step{};
  /// What a person should know: a monitor that had died and was started again, a half-made VM that was cleaned up.
  std::function<void(std::string_view id, std::string_view notice)> notice{};
};

/// VMs of Firecracker. Makes no directory before the first create.
std::unique_ptr<Runtime> make_firecracker_runtime(RuntimeOptions options);

/// The same rules without a VMM: every call answers as the one above does, in memory. For tests of what builds on it.
std::unique_ptr<Runtime> make_memory_runtime();

/// What `create` would do, step by step, without doing any of it.
struct PlanStep {
  std::string name;
  std::vector<std::string> actions;  ///< one line each: paths made, programs started, requests sent with their bodies
};
Result<std::vector<PlanStep>> plan(const Spec& spec, const RuntimeOptions& options);

}  // namespace microvm
