// What options give besides words: numbers and files. What is not as promised ends the process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "standin/cli/options.h"
#include "standin/cli/records.h"
#include "standin/json/value.h"

namespace microvm::standin {

inline constexpr std::size_t kMostConfigBytes = 10 << 20;

/// 0 without the flag. `type` is the one that messages name, `where` the place that panics.
std::uint64_t number(Records& records, const Options& options, std::string_view flag, std::string_view type,
                     std::string_view where);

std::optional<std::string> read_given(Records& records, const Options& options, std::string_view flag,
                                      std::string_view what, std::string_view where);

json::Value parse_metadata(Records& records, const std::string& text, std::string_view where);

}  // namespace microvm::standin
