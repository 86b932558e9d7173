// What differs from run to run, out of the way of a comparison.
#pragma once

#include <string>

namespace microvm::test {

/// The lists of `GET /vm/config` in the order of their ids: after a restore the order is that of a hash table.
std::string canonical_response(std::string response);

/// Times as @TS@ and @US@, the folder as @DIR@, and without the line about `immediate_exit`, which comes when it likes.
std::string canonical_log(const std::string& text, const std::string& dir);

}  // namespace microvm::test
