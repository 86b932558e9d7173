// What must hold for every input; a fuzz target ends where it does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace microvm::fuzz {

inline void check(bool holds, const char* what, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: does not hold: %s\n", where.file_name(), where.line(), what);
  std::abort();
}

}  // namespace microvm::fuzz

/// What a fuzz target is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
