// `microvm kill`: a signal to VMMs.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstring>
#include <optional>

#include "cli/ids.h"

namespace microvm::cli {
namespace {

// A number, or a name with or without SIG.
std::optional<int> signal_from(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    return number >= 1 && number <= SIGRTMAX ? std::optional(number) : std::nullopt;
  }
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (number = 1; number < NSIG; ++number) {
    const char* name = ::sigabbrev_np(number);
    if (name != nullptr && text == name) return number;
  }
  return std::nullopt;
}

class Kill {
 public:
  Kill(CLI::App& command, Context& context) : ids_(command, context) {
    command.add_option("-s,--signal", signal_, "Its name or number; KILL is the default")
        ->check([](const std::string& text) { return signal_from(text) ? "" : "the name or number of a signal"; })
        ->type_name("SIGNAL");
  }

  [[nodiscard]] Result<Answer> run() const {
    const int signal = signal_from(signal_).value_or(SIGKILL);
    return ids_.for_each([signal](Runtime& runtime, const VmInfo& vm) -> Result<Answer> {
      if (auto done = runtime.kill(vm.id, signal); !done) return std::unexpected(std::move(done.error()));
      return Answer{.text = vm.id};
    });
  }

 private:
  Ids ids_;
  std::string signal_;
};

}  // namespace

void add_kill(CLI::App& parent, Context& context) {
  add_command<Kill>(parent, context, "kill", "Sends VMMs a signal, which no guest can refuse",
                    "Examples:\n"
                    "  microvm kill web-1\n"
                    "  microvm kill -s TERM web-1");
}

}  // namespace microvm::cli
