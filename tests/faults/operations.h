// What the daemon is asked while something goes wrong.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/daemon.h"

namespace microvm::faults {

struct Operation {
  std::string name;
  std::vector<std::string> before;  ///< requests that make the old state, whatever was there
  std::string request;
  bool finds_retired_set = false;   ///< hidden, for readers that have it open; it is gone afterwards
  bool leaves_retired_set = false;  ///< another one
  void (*prepare)(const test::DaemonPaths&) = nullptr;  ///< between `before` and `request`
};
void PrintTo(const Operation& operation, std::ostream* out);

/// Requests that change something, each once.
const std::vector<Operation>& changes();
/// Requests that change nothing.
const std::vector<Operation>& questions();
/// Among them all.
const Operation& operation(const std::string& name);

std::string set_secret_request(std::string_view name, std::string_view value);

}  // namespace microvm::faults
