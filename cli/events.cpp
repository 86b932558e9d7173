// `microvm events`: what happened to VMs, and what happens.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/duration.h"
#include "cli/report.h"
#include "cli/times.h"
#include "cli/vm_json.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

std::string text_of(const Event& event) {
  const std::string text = fmt::format("{} {} {}", rfc3339(event.when), event.id, event.what);
  return printable(event.detail.empty() ? text : text + " " + event.detail, 4096);
}

class Events {
 public:
  Events(CLI::App& command, Context& context) : context_(context) {
    command.add_option("--since", since_, "From then on: 10m, 2026-11-30T10:00:00Z, or seconds since 1970")
        ->check([](const std::string& text) {
          return parse_when(text, now()) ? "" : "a duration, a time as 2026-11-30T10:00:00Z, or seconds since 1970";
        })
        ->type_name("WHEN");
    command.add_flag("--stream,!--no-stream", stream_, "Go on with what happens (the default), or only what happened");
    add_output(command, context);
  }

  [[nodiscard]] Result<Answer> run() const {
    const auto runtime = context_.runtime();
    if (!runtime) return std::unexpected(runtime.error());
    bool takes_more = true;
    const auto show = [&](const Event& event) {
      takes_more = print_line(context_.json() ? json_of(event) : text_of(event));
      return takes_more;
    };
    const auto since = since_.empty() ? (stream_ ? now() : Timestamp()) : parse_when(since_, now()).value_or(now());
    const auto done = (*runtime)->events(since, stream_ ? kForEver : std::chrono::milliseconds(0), show);
    if (!done) return std::unexpected(done.error());
    if (!takes_more) return std::unexpected(Error{ErrorCode::Io, EPIPE, "standard output takes no more"});
    return Answer{.whole = true};
  }

 private:
  static constexpr std::chrono::milliseconds kForEver = std::chrono::hours(24 * 365 * 10);

  const Context& context_;
  std::string since_;
  bool stream_ = true;
};

}  // namespace

void add_events(CLI::App& parent, Context& context) {
  add_command<Events>(parent, context, "events", "Tells what happens to VMs, one line an event",
                      "Examples:\n"
                      "  microvm events --since 1h\n"
                      "  microvm events --no-stream --output json");
}

}  // namespace microvm::cli
