// `<state>/events.jsonl`: one JSON object a line, appended by whoever causes an event.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "microvm/runtime_types.h"

namespace microvm::state {

inline constexpr std::size_t kMostEventsBytes = 1U << 20U;  ///< then the file is renamed to `<path>.1`
inline constexpr std::size_t kMostDetailBytes = 512;

/// One write, at the end of the file at `path`, which is made where it does not exist; a second one behind a line that
/// a full disk has cut, so that it takes no other with it. The unexpected value is an errno.
std::expected<void, int> append_event(const char* path, const Event& event) noexcept;

}  // namespace microvm::state
