// What an earlier daemon can leave to the next one.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/faults/subject.h"

namespace microvm::faults {

struct Unfinished {
  std::string name;
  void (*leave)(Subject&);
};
void PrintTo(const Unfinished& unfinished, std::ostream* out);

const std::vector<Unfinished>& unfinished();

/// Until the lock is taken a start is the same whatever it finds: the short form goes through that once.
std::size_t first_call(const Unfinished& unfinished, const std::vector<Call>& start);

}  // namespace microvm::faults
