// What the hijack probe tried and got, and what it must get.
#pragma once

#include <map>
#include <string>

namespace microvm::confinement {

struct Attempts {
  unsigned landlock = 0;               ///< the ABI that held
  std::map<std::string, int> results;  ///< name -> errno, 0 where it succeeded
};

Attempts parse_attempts(const std::string& out);

/// Unconfined they succeed, or their failing proves nothing; `everything`: those too that need all of root's powers.
void expect_possible(const Attempts& attempts, bool everything);
/// The daemon's own work succeeds and nothing else does.
void expect_refused(const Attempts& attempts);
/// The same for what is refused without the list of system calls too.
void expect_refused_without_seccomp(const Attempts& attempts);

}  // namespace microvm::confinement
