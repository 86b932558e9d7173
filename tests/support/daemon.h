// The guest's metadata daemon as a process of a test, on a unix socket.
#pragma once

#include <string>
#include <vector>

#include "tests/support/line_client.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {

/// Where a daemon keeps its things: all below one folder, the socket outside of the state directory.
struct DaemonPaths {
  explicit DaemonPaths(const std::string& dir);
  explicit DaemonPaths(const TempDir& dir) : DaemonPaths(dir.path()) {}

  std::string socket;
  std::string state_dir;
  std::string env_file;
  std::string secrets_dir;
};

/// METADATAD_BIN (or another program in `how.argv`) with the flags for `paths` and then `flags`, which may name another
/// `--listen`; `how` gives the rest.
ProcessSpec daemon_spec(const DaemonPaths& paths, const std::vector<std::string>& flags = {}, ProcessSpec how = {});

class Daemon {
 public:
  /// Serves when this returns; throws std::runtime_error with its log when it does not.
  explicit Daemon(const DaemonPaths& paths, const std::vector<std::string>& flags = {}, const ProcessSpec& how = {});
  explicit Daemon(const TempDir& dir, const std::vector<std::string>& flags = {}, const ProcessSpec& how = {})
      : Daemon(DaemonPaths(dir), flags, how) {}

  [[nodiscard]] const DaemonPaths& paths() const noexcept { return paths_; }
  [[nodiscard]] Process& process() noexcept { return process_; }
  [[nodiscard]] std::string log() const { return process_.err(); }
  [[nodiscard]] LineClient client() const { return LineClient::connect(paths_.socket); }
  /// One request on a connection of its own: the reply, without its newline.
  [[nodiscard]] std::string ask(std::string_view request_with_newline) const;
  /// SIGTERM, then its exit status; throws when it does not end.
  ExitStatus stop();

 private:
  DaemonPaths paths_;
  Process process_;
};

}  // namespace microvm::test
