// What is measured.
#include "tests/bench/subject.h"

#include <sched.h>

#include "tests/bench/requests.h"

namespace microvm::bench {
namespace {

constexpr std::size_t kMostLog = std::size_t{1} << 30;  // some log a lot, and end when they cannot

test::ProcessSpec with_start(test::ProcessSpec spec, const Setting& setting, const Subject::How& how) {
  const int core = how.core >= 0 ? how.core : setting.core;
  spec.rlimits = how.rlimits;
  spec.output_limit = kMostLog;
  spec.before_exec = [core, at_exec = how.at_exec] {
    const bool pinned = pin_to(core);
    if (at_exec) at_exec();
    return pinned;
  };
  return spec;
}

test::ProcessSpec with_places(std::string program, const test::TempDir& dir) {
  return {.argv = {std::move(program), "--env-file", dir / "state/env", "--secrets-dir", dir / "state/secrets"}};
}

}  // namespace

bool pin_to(int core) noexcept {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(core), &cores);
  return ::sched_setaffinity(0, sizeof cores, &cores) == 0;
}

void give_up_priority() noexcept {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_OTHER, &none);
}

Subject::Subject(test::TempDir dir, const Setting& setting, test::ProcessSpec spec, const How& how)
    : dir_(std::move(dir)), process_(with_start(std::move(spec), setting, how)) {
  client().ask(kPing);
}

Subject Subject::daemon(const Setting& setting, const std::string& base, const How& how) {
  test::TempDir dir(base);
  test::ProcessSpec spec = with_places(setting.daemon, dir);
  spec.argv.insert(spec.argv.end(), {"--listen", "unix:" + (dir / "socket")});
  spec.argv.insert(spec.argv.end(), how.flags.begin(), how.flags.end());
  return {std::move(dir), setting, std::move(spec), how};
}

Subject Subject::crate(const Setting& setting, const std::string& base, const How& how) {
  test::TempDir dir(base);
  test::ProcessSpec spec = with_places(setting.crate, dir);
  spec.env = {{"LD_PRELOAD", setting.shim}, {"VSOCK_TO_UNIX", dir / "socket"}};
  return {std::move(dir), setting, std::move(spec), how};
}

Subject Subject::echo(const Setting& setting, const std::string& base, const How& how) {
  test::TempDir dir(base);
  test::ProcessSpec spec{.argv = {setting.echo, dir / "socket"}};
  return {std::move(dir), setting, std::move(spec), how};
}

Subject Subject::writer(const Setting& setting, const std::string& base, std::size_t size) {
  test::TempDir dir(base);
  test::ProcessSpec spec{.argv = {setting.echo, dir / "socket", dir / "file", std::to_string(size)}};
  return {std::move(dir), setting, std::move(spec), {}};
}

}  // namespace microvm::bench
