// The files that a recorded process finds in its folder, and what recordings do to them.
#pragma once

#include <string>
#include <string_view>

namespace microvm::test {

/// Makes the files of every scenario anew and removes all others, but for snapshots if they are to be kept.
void refill(const std::string& dir, bool keep_snapshots);

/// A socket's file that nobody listens on.
void make_stale_socket(const std::string& path);

/// Copies of a state file, damaged in one way each.
std::string with_inverted_middle(std::string state);
std::string with_version(std::string state, std::string_view version);  ///< and a right checksum
std::string with_magic_changed(std::string state);                      ///< and a right checksum

}  // namespace microvm::test
