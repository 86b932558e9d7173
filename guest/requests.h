// From a line to its reply.
#pragma once

#include <span>
#include <string_view>

#include "common/base/bytes.h"
#include "guest/log.h"
#include "guest/store.h"

namespace microvm::guest {

class Requests {
 public:
  Requests(Store& store, Log& log) noexcept : store_(store), log_(log) {}

  /// Serves one line (without its newline), which it uses up, and appends the reply; false when there is no memory
  /// for the reply.
  [[nodiscard]] bool serve(std::span<char> line, Bytes& replies) noexcept;

  /// Answers a line of which only `kept` is there with `error`, and the id if it can be read.
  [[nodiscard]] static bool refuse(std::span<char> kept, std::string_view error, Bytes& replies) noexcept;

 private:
  Store& store_;
  Log& log_;
};

}  // namespace microvm::guest
