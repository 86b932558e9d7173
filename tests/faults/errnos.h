// Which system calls the daemon makes while it serves, and how each can fail.
#pragma once

#include <cstdint>
#include <vector>

namespace microvm::faults {

enum class Kind {
  Other,
  Change,  ///< changes what the files say
  Sync,    ///< makes it last
  Scrub,   ///< overwrites what nobody can reach any more: counted, never answered
  Reply,   ///< without it the client cannot know
};

struct CallRule {
  std::uint64_t number;
  const char* name;
  Kind kind;
  std::vector<int> errnos;
};

/// Null for a call that is not in the table: it belongs there, with its errnos.
const CallRule* rule_of(std::uint64_t number);

}  // namespace microvm::faults
