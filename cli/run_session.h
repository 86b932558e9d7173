// One `microvm run`: the VM is made and started, its console is shown, and signals are minded, all in one loop.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "cli/folder_watch.h"
#include "cli/log_text.h"
#include "cli/signals.h"
#include "cli/task.h"
#include "cli/terminal.h"
#include "cli/vm_end.h"
#include "microvm/runtime.h"

namespace microvm::cli {

/// Lets a user's Ctrl-C end a create or start between two of its steps.
class Interrupt {
 public:
  /// The call's steps, as far as they are this thread's, can be interrupted.
  template <class Call>
  auto mind(Call call) {
    thread_ = std::this_thread::get_id();
    auto result = call();
    // Another thread may get the same id.
    thread_ = std::thread::id();
    return result;
  }
  void ask() noexcept { asked_ = true; }
  [[nodiscard]] bool asked() const noexcept { return asked_; }
  /// What the runtime asks before each step.
  [[nodiscard]] Result<void> before_step() const;

 private:
  std::atomic<std::thread::id> thread_{};
  std::atomic<bool> asked_ = false;
};

struct RunOptions {
  bool detach = false;  ///< no console, and the end is not waited for
  bool remove = false;  ///< once it has ended
  bool quiet = false;
};

class RunSession {
 public:
  RunSession(Runtime& runtime, Spec spec, RunOptions options, Interrupt& interrupt, const Progress& progress,
             const Signals& signals);

  struct Outcome {
    std::string id;
    Phases phases;
    std::vector<std::string> warnings;
    std::optional<Exit> exit;    ///< empty: detached
    std::optional<Error> error;  ///< the guest runs, but was not handed its metadata
  };
  Result<Outcome> run();

 private:
  Result<void> step();
  Result<void> created(Result<CreateResult> result);
  Result<void> started(Result<Phases> result);
  void signalled(int signal);
  void ask_to_stop();
  void stop_now();
  void detach(std::string_view why);
  void show_console();
  void write_some();
  void wait_for_more();
  [[nodiscard]] bool busy() const noexcept { return create_ || start_ || stop_; }
  [[nodiscard]] bool finished() const noexcept;
  Result<Outcome> finish();

  Runtime& runtime_;
  const Spec spec_;
  const RunOptions options_;
  Interrupt& interrupt_;
  const Progress& progress_;
  const Signals& signals_;

  Outcome outcome_;
  bool detached_;
  bool ended_ = false;  // all of the console is in text_, or was written
  std::string text_;    // of the console, not yet written
  std::optional<FolderWatch> watch_;
  std::optional<LogText> console_;
  std::optional<VmEnd> end_;
  std::unique_ptr<Task<CreateResult>> create_;
  std::unique_ptr<Task<Phases>> start_;
  std::unique_ptr<Task<StopOutcome>> stop_;
};

}  // namespace microvm::cli
