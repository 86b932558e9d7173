#include "host/metadata/reveals.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace microvm::metadata {
namespace {

using Run = std::uint64_t;

Run run_at(std::string_view text, std::size_t at) noexcept {
  Run run = 0;
  std::memcpy(&run, text.data() + at, sizeof run);
  return run;
}

}  // namespace

bool reveals(std::string_view text, std::string_view secret) {
  std::vector<Run> runs;
  for (std::size_t at = 0; at + sizeof(Run) <= text.size(); ++at) runs.push_back(run_at(text, at));
  std::ranges::sort(runs);
  for (std::size_t at = 0; at + sizeof(Run) <= secret.size(); ++at) {
    if (std::ranges::binary_search(runs, run_at(secret, at))) return true;
  }
  return false;
}

}  // namespace microvm::metadata
