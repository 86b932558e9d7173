// What an earlier daemon can leave to the next one.
#include "tests/faults/unfinished.h"

#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <stdexcept>

#include "tests/support/files.h"

namespace microvm::faults {
namespace {

// Kills a daemon within an operation, right behind its last call of a number.
template <long kNumber>
void kill_behind(Subject& subject, const std::string& name) {
  const Operation& within = operation(name);
  Subject counted;
  counted.begin(within);
  const auto calls = counted.ask(within.request).calls;
  const auto times = static_cast<std::size_t>(std::ranges::count(calls, std::uint64_t{kNumber}, &Call::number));
  subject.begin(within);
  subject.ask(within.request, Fault{.at = times - 1, .kind = Fault::Kind::KillAfter, .number = kNumber});
  if (subject.tracer().waits()) throw std::runtime_error(name + " makes no call " + std::to_string(kNumber));
}

void end_orderly(Subject& subject) {
  subject.begin(operation("apply_many"));
  subject.ask_well(operation("apply_many").request);
  subject.tracer().process().signal(SIGTERM);
  subject.tracer().run();
}

void leave_temporaries(Subject& subject) {
  end_orderly(subject);
  for (const std::string& dir : {subject.paths().state_dir, subject.paths().secrets_dir}) {
    test::write_file(dir + "/.microvm-tmp.0123456789abcdef", kNewMarker);
  }
}

}  // namespace

void PrintTo(const Unfinished& unfinished, std::ostream* out) { *out << unfinished.name; }

const std::vector<Unfinished>& unfinished() {
  static const std::vector<Unfinished> all = {
      {"nothing", end_orderly},
      {"temporaries", leave_temporaries},
      {"half_a_set", [](Subject& subject) { kill_behind<SYS_linkat>(subject, "apply_many"); }},
      {"set_before_its_exchange", [](Subject& subject) { kill_behind<SYS_mkdirat>(subject, "apply_many"); }},
      {"set_behind_its_exchange", [](Subject& subject) { kill_behind<SYS_renameat2>(subject, "apply_next_epoch"); }},
      {"set_behind_its_renames", [](Subject& subject) { kill_behind<SYS_renameat>(subject, "apply_next_epoch"); }},
      {"secrets_exchanged_alone", [](Subject& subject) { kill_behind<SYS_renameat2>(subject, "apply_secrets"); }},
      {"replaced_set", [](Subject& subject) { kill_behind<SYS_sendto>(subject, "apply_many"); }},
  };
  return all;
}

std::size_t first_call(const Unfinished& unfinished, const std::vector<Call>& start) {
  if (long_form() || unfinished.leave == end_orderly) return 0;
  const auto lock = std::ranges::find(start, std::uint64_t{SYS_flock}, &Call::number);
  return static_cast<std::size_t>(lock - start.begin());
}

}  // namespace microvm::faults
