// What a daemon's files say: the state a guest sees, and what must not be left beside it.
#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/daemon.h"

namespace microvm::faults {

/// Every value that a test sets holds one of these.
inline constexpr std::string_view kOldMarker = "OldValueThatMustNotStay";
inline constexpr std::string_view kNewMarker = "NewValueThatMustNotShow";

struct State {
  std::optional<std::string> env;
  std::map<std::string, std::string> secrets;
  std::optional<std::string> epoch;
  bool operator==(const State&) const = default;
};
void PrintTo(const State& state, std::ostream* out);

State read_state(const test::DaemonPaths& paths);

/// Every file by itself is as in one state or in the other.
bool is_whole(const State& state, const State& one, const State& other);

/// Names that do not belong to a state; one replaced set may stand there where `retired` says so.
std::vector<std::string> leftovers(const test::DaemonPaths& paths, bool retired = false);

/// Whether any value of a test stands in `text`, as it is or in base64.
bool tells_a_value(std::string_view text);

std::string base64(std::string_view bytes);

}  // namespace microvm::faults
