// Why something was refused: for people, and in the debug form that Firecracker prints on stderr.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "standin/json/reader.h"

namespace microvm::standin {

struct Fault {
  std::string text;
  std::string debug;
  int status = 400;
  bool ends_process = false;  ///< answered, and then the process ends

  /// The same as the cause of something else: `Variant(cause)`, "prefix: cause".
  [[nodiscard]] Fault in(std::string_view variant, std::string_view prefix) && {
    text.insert(0, prefix);
    debug = std::string(variant) + "(" + debug + ")";
    return std::move(*this);
  }
  /// A prefix of the text only.
  [[nodiscard]] Fault behind(std::string_view prefix) && {
    text.insert(0, prefix);
    return std::move(*this);
  }
};

template <class T>
using Result = std::expected<T, Fault>;
using Done = Result<void>;

inline std::unexpected<Fault> refuse(std::string_view debug, std::string text) {
  return std::unexpected(Fault{std::move(text), std::string(debug)});
}

/// Passes a refusal on as the cause of something else.
template <class T>
std::unexpected<Fault> refuse_in(Result<T>& result, std::string_view variant, std::string_view prefix) {
  return std::unexpected(std::move(result.error()).in(variant, prefix));
}

Fault errno_fault(int sys_errno);
/// What is refused before any system call: a path with a NUL in it, a socket's path that is too long.
Fault input_fault(std::string_view text);
Fault json_fault(const json::Failure& failure);

}  // namespace microvm::standin
