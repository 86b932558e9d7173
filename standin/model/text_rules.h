// Texts that must look like something: paths, addresses, levels.
#pragma once

#include "standin/json/table.h"

namespace microvm::standin {

extern const json::TextRule kPathRule;
extern const json::TextRule kMacRule;  ///< written in lower case
extern const json::TextRule kIpv4Rule;
extern const json::TextRule kLevelRule;  ///< written in lower case, "warning" as "warn"

using Path = json::Checked<kPathRule>;
using MacAddress = json::Checked<kMacRule>;
using Ipv4Address = json::Checked<kIpv4Rule>;
using LogLevel = json::Checked<kLevelRule>;

/// In MiB, as wide as the machine's words.
struct Mib {
  std::uint64_t count = 0;
  bool operator==(const Mib&) const = default;
};
inline bool read(json::Reader& in, Mib& into) {
  return in.integer("usize", std::numeric_limits<std::uint64_t>::max(), into.count);
}
inline void write(std::string& out, const Mib& value) { out += std::to_string(value.count); }

}  // namespace microvm::standin
