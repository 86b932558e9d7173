// `microvm logs`: a guest's console as it was, and as it goes on.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <deque>

#include "cli/folder_watch.h"
#include "cli/ids.h"
#include "cli/log_text.h"
#include "cli/report.h"
#include "cli/times.h"
#include "cli/vm_end.h"
#include "common/posix/retry.h"

namespace microvm::cli {
namespace {

// All of it; false when standard output takes no more.
bool write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = posix::retry([&] { return ::write(STDOUT_FILENO, text.data(), text.size()); });
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// The last lines of a text that comes in pieces.
class Tail {
 public:
  explicit Tail(std::size_t lines) : most_(lines) {}

  void add(std::string_view text) {
    while (!text.empty()) {
      if (lines_.empty() || lines_.back().ends_with('\n')) lines_.emplace_back();
      const std::size_t end = text.find('\n');
      const std::string_view piece = text.substr(0, end == text.npos ? end : end + 1);
      lines_.back() += piece;
      text.remove_prefix(piece.size());
      if (lines_.size() > most_) lines_.pop_front();
    }
  }
  [[nodiscard]] bool put() const {
    return std::ranges::all_of(lines_, [](const std::string& line) { return cli::write_all(line); });
  }

 private:
  std::size_t most_;
  std::deque<std::string> lines_;
};

class Logs {
 public:
  Logs(CLI::App& command, Context& context) : context_(context) {
    add_id(command, id_);
    command.add_flag("-f,--follow", follow_, "Go on until the VM has ended");
    auto* const since =
        command.add_option("--since", since_, "What is not older: 10m, 2026-11-30T10:00:00Z, or seconds since 1970");
    since->type_name("WHEN")->check([](const std::string& text) {
      return parse_when(text, now()) ? "" : "a duration, a time as 2026-11-30T10:00:00Z, or seconds since 1970";
    });
    command.add_option("--tail", tail_, "So many lines of what is there already")
        ->check(CLI::Range(0, 100'000'000))
        ->type_name("N");
    auto* const times = command.add_flag("-t,--timestamps", timestamps_, "Each line behind its time");
    command.add_flag("--vmm", vmm_, "The VMM's own log")->excludes(since)->excludes(times);
  }

  [[nodiscard]] Result<Answer> run() const {
    const auto runtime = context_.runtime();
    if (!runtime) return std::unexpected(runtime.error());
    const auto vm = find_vm(**runtime, id_);
    if (!vm) return std::unexpected(vm.error());
    const auto since = since_.empty() ? std::nullopt : parse_when(since_, now());
    LogText log(vm->state_dir, {.vmm = vmm_, .timestamps = timestamps_, .since = since});
    auto done = follow_ ? follow(**runtime, *vm, log) : show(log);
    if (!done) return std::unexpected(std::move(done.error()));
    return Answer{.whole = true};
  }

 private:
  // What is there now.
  Result<void> show(LogText& log) const {
    Tail tail(tail_ ? *tail_ : 0);
    std::string text;
    for (;;) {
      const auto more = log.read(text);
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
      if (log.lost()) tell("logs: some was overwritten before it could be shown");
      if (tail_) {
        tail.add(text);
      } else if (!write_all(text)) {
        return full();
      }
      text.clear();
    }
    return !tail_ || tail.put() ? Result<void>() : full();
  }

  Result<void> follow(Runtime& runtime, const VmInfo& vm, LogText& log) const {
    const auto watch = FolderWatch::open(vm.state_dir);
    if (!watch) return std::unexpected(watch.error());
    if (auto done = show(log); !done) return done;
    VmEnd end(runtime, vm);
    for (std::string text;;) {
      const bool over = end.has_come();
      for (bool more = true; more; text.clear()) {
        const auto read = log.read(text);
        if (!read) return std::unexpected(read.error());
        more = *read;
        if (log.lost()) tell("logs: some was overwritten before it could be shown");
        if (!write_all(text)) return full();
      }
      if (over) return {};
      watch->wait(Deadline::after(VmEnd::kInterval));
    }
  }

  static std::unexpected<Error> full() {
    return std::unexpected(Error{ErrorCode::Io, errno, "standard output takes no more"});
  }

  const Context& context_;
  std::string id_, since_;
  std::optional<std::size_t> tail_;
  bool follow_ = false, timestamps_ = false, vmm_ = false;
};

}  // namespace

void add_logs(CLI::App& parent, Context& context) {
  add_command<Logs>(parent, context, "logs", "Shows a guest's console, which is kept when the VM has ended",
                    "Examples:\n"
                    "  microvm logs --tail 20 web-1\n"
                    "  microvm logs --follow --since 10m --timestamps web-1\n"
                    "  microvm logs --vmm web-1");
}

}  // namespace microvm::cli
