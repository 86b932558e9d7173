// A runtime whose VMs are threads: they write a console as the monitor does and end as a script says.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "microvm/runtime.h"

namespace microvm::test {

/// What a guest does, line by line; behind the last one it does nothing until it is ended.
///
///     say TEXT       a line on the console
///     part TEXT      a part of one
///     rotate         console.log is renamed, as when it is full
///     ready          start() returns; without it that is at once
///     unready CODE   start() fails with it, and the guest goes on
///     wait FILE      until there is such a file
///     hold           until it is asked to stop
///     stubborn       is deaf when it is asked to stop
///     end REASON
using Script = std::vector<std::string>;

/// The VMs of one host. Runtimes share it, as processes share a real one.
class DoubleHost {
 public:
  explicit DoubleHost(Script script = {}) : script_(std::move(script)) {}
  ~DoubleHost();

  std::unique_ptr<Runtime> runtime(RuntimeOptions options);
  /// As if it had always been there.
  void add(VmInfo vm);
  /// create() makes `<path>.reached` behind each step, and waits until there is such a file.
  void hold_create(std::string path) { gate_ = std::move(path); }
  /// stop() answers Busy so often.
  void make_busy(int times) { busy_ = times; }
  /// The next operation of this name answers so.
  void fail(const std::string& operation, Error error);
  /// What was called, with its arguments: `stop web-1 ctrl_alt_del 10000`.
  std::vector<std::string> calls();
  /// The spec of the last create.
  Spec spec();
  std::vector<Event> events;
  std::vector<Garbage> garbage;

 private:
  friend class DoubleRuntime;
  struct Vm {
    VmInfo info;
    bool asked = false, stubborn = false, killed = false, ready = false;
    std::optional<Error> unready{};
    std::thread guest{};
  };

  void called(const std::string& call);
  std::optional<Error> failure(const std::string& operation);
  void play(Vm& vm);
  bool line(Vm& vm, const std::string& line, std::unique_lock<std::mutex>& lock);
  void end(Vm& vm, ExitReason reason);

  Script script_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::unique_ptr<Vm>> vms_;
  std::map<std::string, Error> failures_;
  std::vector<std::string> calls_;
  Spec spec_;
  std::string gate_;
  std::atomic<int> busy_ = 0;
  bool closing_ = false;
};

/// One step, and what it was asked for.
Result<std::vector<PlanStep>> double_plan(const Spec& spec, const RuntimeOptions& options);

}  // namespace microvm::test
