// The files that recorded command lines name: recordings hold their names only.
#pragma once

#include <string>

namespace microvm::test {

/// Makes what the command line with this label finds, besides what every process does.
void make_command_files(const std::string& dir, const std::string& label);

}  // namespace microvm::test
