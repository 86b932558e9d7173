// Points in time, as programs and as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "microvm/runtime_types.h"

namespace microvm::cli {

/// `2026-11-30T10:00:00.123Z`
std::string rfc3339(Timestamp when);

/// `3 minutes`, in the largest unit that counts at least one.
std::string rough(std::chrono::milliseconds duration);
/// `3 minutes ago`
std::string ago(Timestamp when, Timestamp now);

Timestamp now();

/// A point of time in UTC (`2026-11-30`, `2026-11-30T10:00:00`, with fractions and with `Z` or an offset like
/// `+02:00`), a Unix time in seconds, with fractions too, or a duration before `now`: `10s`, `2m`, `1h`.
std::optional<Timestamp> parse_when(std::string_view text, Timestamp now);

}  // namespace microvm::cli
