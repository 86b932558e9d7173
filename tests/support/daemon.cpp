// The guest's metadata daemon as a process of a test.
#include "tests/support/daemon.h"

#include <signal.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace microvm::test {
namespace {

// Until it answers: that it can be connected to says only that it listens.
void await_serving(Process& process, const std::string& socket) {
  const Deadline deadline = Deadline::after(kPatience);
  while (!process.wait(Deadline::after({})) && !deadline.passed()) {
    try {
      LineClient client = LineClient::connect(socket, Deadline::after(std::chrono::milliseconds(10)));
      if (!client.ask("{\"op\":\"ping\",\"id\":\"\"}\n").empty()) return;
    } catch (const std::system_error&) {
      // Not yet.
    }
  }
  throw std::runtime_error("the daemon does not serve on " + socket + "; its log:\n" + process.err());
}

}  // namespace

DaemonPaths::DaemonPaths(const std::string& dir)
    : socket(dir + "/socket"),
      state_dir(dir + "/state"),
      env_file(state_dir + "/env"),
      secrets_dir(state_dir + "/secrets") {}

ProcessSpec daemon_spec(const DaemonPaths& paths, const std::vector<std::string>& flags, ProcessSpec how) {
  if (how.argv.empty()) how.argv = {required_env("METADATAD_BIN")};
  how.argv.insert(how.argv.end(), {"--env-file", paths.env_file, "--secrets-dir", paths.secrets_dir});
  // A process that may not be dumped cannot be searched for leaks either.
  how.env.try_emplace("ASAN_OPTIONS", "detect_leaks=0");
  if (how.listen_fds == 0 && std::ranges::find(flags, "--listen") == flags.end())
    how.argv.insert(how.argv.end(), {"--listen", "unix:" + paths.socket});
  how.argv.insert(how.argv.end(), flags.begin(), flags.end());
  return how;
}

Daemon::Daemon(const DaemonPaths& paths, const std::vector<std::string>& flags, const ProcessSpec& how)
    : paths_(paths), process_(daemon_spec(paths, flags, how)) {
  await_serving(process_, paths_.socket);
}

std::string Daemon::ask(std::string_view request_with_newline) const { return client().ask(request_with_newline); }

ExitStatus Daemon::stop() {
  process_.signal(SIGTERM);
  const auto status = process_.wait(kPatience);
  if (!status) throw std::runtime_error("the daemon ignores SIGTERM; its log:\n" + log());
  return *status;
}

}  // namespace microvm::test
