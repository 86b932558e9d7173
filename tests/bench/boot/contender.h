// Another program that does one job for each line it gets, and answers how long it took.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/base/unique_fd.h"

namespace microvm::bench {

class Contender {
 public:
  /// Throws std::runtime_error when it cannot be started.
  explicit Contender(const std::vector<std::string>& argv);
  Contender(Contender&&) = delete;
  ~Contender();

  /// Microseconds.
  double job();

 private:
  pid_t child_ = -1;
  UniqueFd to_;
  UniqueFd from_;
};

}  // namespace microvm::bench
