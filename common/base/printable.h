// Text from outside as a terminal, a log line and JSON can take it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace microvm {

/// Every byte that is not printable ASCII becomes '?'; beyond `limit` bytes the text is cut and ends in "...".
std::string printable(std::string_view text, std::size_t limit);

}  // namespace microvm
