// `microvm console`: this terminal becomes the guest's.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/console_session.h"
#include "cli/ids.h"
#include "cli/report.h"

namespace microvm::cli {
namespace {

constexpr std::chrono::seconds kExitTimeout{2};  // from the end of its console to that of the VM

class Console {
 public:
  Console(CLI::App& command, Context& context) : context_(context) {
    add_id(command, id_);
    command
        .add_option("--detach-keys", keys_, "What leaves the console; ctrl-p,ctrl-q is the default, nothing is none")
        ->check([](const std::string& text) {
          return parse_keys(text) ? ""
                                  : "at most 8 keys with commas between, each a character or ctrl- and a character";
        })
        ->type_name("KEYS");
  }

  [[nodiscard]] Result<Answer> run() const {
    const auto runtime = context_.runtime();
    if (!runtime) return std::unexpected(runtime.error());
    const auto vm = find_vm(**runtime, id_);
    if (!vm) return std::unexpected(vm.error());
    if (vm->state == VmState::Exited || vm->state == VmState::Failed) {
      return std::unexpected(
          Error{ErrorCode::WrongState, 0, vm->id + " has ended; `microvm logs` shows what its console was"});
    }
    // One without a monitor gets one.
    if (!vm->monitor) {
      if (auto woken = (*runtime)->inspect(vm->id); !woken) return std::unexpected(std::move(woken.error()));
    }
    const auto signals = Signals::take({SIGINT, SIGTERM, SIGHUP});
    if (!signals) return std::unexpected(signals.error());
    auto session = ConsoleSession::open(vm->run_dir, *parse_keys(keys_));
    if (!session) return std::unexpected(std::move(session.error()));
    const auto end = session->run(*signals);
    if (!end) return std::unexpected(end.error());
    if (*end == ConsoleSession::End::Closed && !(*runtime)->wait(vm->id, kExitTimeout)) {
      return std::unexpected(
          Error{ErrorCode::ConnectionLost, 0, vm->id + " goes on, but its monitor closed the console"});
    }
    if (::isatty(STDERR_FILENO) == 1) {
      tell(vm->id + (*end == ConsoleSession::End::Detached ? ": detached; the VM goes on" : ": has ended"));
    }
    return Answer{.whole = true};
  }

 private:
  const Context& context_;
  std::string id_;
  std::string keys_ = "ctrl-p,ctrl-q";
};

}  // namespace

void add_console(CLI::App& parent, Context& context) {
  add_command<Console>(parent, context, "console", "Attaches this terminal to a guest's console",
                       "Examples:\n"
                       "  microvm console web-1\n"
                       "  echo reboot | microvm console web-1");
}

}  // namespace microvm::cli
