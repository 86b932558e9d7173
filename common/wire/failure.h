// Why a request was not done.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/fixed_text.h"

namespace microvm::wire {

enum class FailureCode : std::uint8_t { Invalid, Conflict, TooLarge, Busy, NoSpace, Io };

constexpr std::string_view failure_name(FailureCode code) noexcept {
  switch (code) {
    case FailureCode::Invalid:
      return "invalid";
    case FailureCode::Conflict:
      return "conflict";
    case FailureCode::TooLarge:
      return "too_large";
    case FailureCode::Busy:
      return "busy";
    case FailureCode::NoSpace:
      return "no_space";
    case FailureCode::Io:
      return "io";
  }
  return "io";
}

/// True in a condition when there is one. The text holds names, sizes and positions, never a value.
struct Failure {
  FailureCode code = FailureCode::Invalid;
  FixedText text;

  explicit operator bool() const noexcept { return !text.empty(); }
};

}  // namespace microvm::wire
