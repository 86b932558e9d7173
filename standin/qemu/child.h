// QEMU as a child process: it dies with us, gets the descriptors it is to have and no other, and what it says on
// standard error is kept, its end at least.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "standin/model/fault.h"

namespace microvm::standin::qemu {

struct ChildSpec {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH
  int in = -1;                    ///< its standard input
  int out = -1;                   ///< its standard output
  std::vector<int> fds;           ///< it has these under the same numbers
  bool catches_vhost = false;     ///< calls to vhost devices come out of vhost_calls()
};

class Child {
 public:
  static Result<Child> start(const ChildSpec& spec);

  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  /// Killed and reaped.
  ~Child();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable once it has ended.
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
  [[nodiscard]] int stderr_fd() const noexcept { return stderr_.get(); }
  [[nodiscard]] int vhost_calls() const noexcept { return vhost_calls_.get(); }
  /// Takes what it said; false at the end.
  bool read_stderr();
  /// How it ended, and its last words: one line.
  std::string describe_end();

 private:
  Child() = default;

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd stderr_;
  UniqueFd vhost_calls_;
  std::string last_words_;
};

}  // namespace microvm::standin::qemu
