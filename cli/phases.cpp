#include "cli/phases.h"

#include <fmt/format.h>

namespace microvm::cli {
namespace {

struct Phase {
  const char* name;
  std::chrono::microseconds Phases::* time;
};

constexpr Phase kPhases[] = {{"process", &Phases::process},
                             {"API", &Phases::api},
                             {"configuration", &Phases::configuration},
                             {"start", &Phases::start},
                             {"guest daemon", &Phases::guest_daemon},
                             {"metadata", &Phases::metadata}};

double ms(std::chrono::microseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace

Phases sum(Phases a, const Phases& b) {
  for (const Phase& phase : kPhases) a.*phase.time += b.*phase.time;
  return a;
}

std::string text_of(const Phases& phases) {
  std::chrono::microseconds whole{};
  std::string parts;
  for (const Phase& phase : kPhases) {
    const auto time = phases.*phase.time;
    whole += time;
    if (time.count() > 0) parts += fmt::format("{}{} {:.1f}", parts.empty() ? "" : ", ", phase.name, ms(time));
  }
  return parts.empty() ? fmt::format("{:.1f} ms", ms(whole)) : fmt::format("{:.1f} ms ({})", ms(whole), parts);
}

}  // namespace microvm::cli
