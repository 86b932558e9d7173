// What stands around a process besides its files, as the labels of a recording ask for it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"
#include "tests/standin/memory_handler.h"
#include "tests/support/line_client.h"

namespace microvm::test {

struct Stage {
  std::string dir;
  std::string api_socket;
  std::vector<LineClient> idle;  ///< connections that say nothing
  UniqueFd busy_tap;
  UniqueFd deaf_listener;
  std::unique_ptr<MemoryHandler> memory_handler;
};

/// Does what has to be done before the exchange or the command line with this label.
void prepare(Stage& stage, std::string_view label, std::string_view request);

}  // namespace microvm::test
