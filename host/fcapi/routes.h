// The routes of the API: all 41, and what each needs of a client beside its body.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "host/fcapi/fields.h"

namespace microvm::fcapi {

/// What an operation waits for, and so how long it may take.
enum class Pace : std::uint8_t { Quick, Vcpus, Memory };

struct Route {
  std::string_view text;  ///< method, space, path; "{id}" stands for the device
  Version since{};
  Pace pace = Pace::Quick;

  [[nodiscard]] constexpr bool is_get() const noexcept { return text.starts_with("GET "); }
  [[nodiscard]] constexpr bool has_id() const noexcept { return text.ends_with("{id}"); }
};

inline constexpr auto kRoutes = std::to_array<Route>({
    {"GET /"},
    {"GET /version"},
    {"GET /vm/config"},
    {"PUT /actions", {}, Pace::Vcpus},
    {"PATCH /vm", {}, Pace::Vcpus},
    {"PUT /boot-source"},
    {"GET /machine-config"},
    {"PUT /machine-config"},
    {"PATCH /machine-config"},
    {"PUT /cpu-config", {1, 4, 0}},
    {"PUT /drives/{id}"},
    {"PATCH /drives/{id}"},
    {"DELETE /drives/{id}", {1, 16, 0}},
    {"PUT /network-interfaces/{id}"},
    {"PATCH /network-interfaces/{id}"},
    {"DELETE /network-interfaces/{id}", {1, 16, 0}},
    {"PUT /pmem/{id}", {1, 14, 0}},
    {"PATCH /pmem/{id}", {1, 16, 0}},
    {"DELETE /pmem/{id}", {1, 16, 0}},
    {"PUT /vsock"},
    {"PUT /entropy", {1, 4, 0}},
    {"PUT /serial", {1, 14, 0}},
    {"GET /balloon"},
    {"PUT /balloon"},
    {"PATCH /balloon"},
    {"GET /balloon/statistics"},
    {"PATCH /balloon/statistics"},
    {"PATCH /balloon/hinting/start", {1, 14, 0}},
    {"PATCH /balloon/hinting/stop", {1, 14, 0}},
    {"GET /balloon/hinting/status", {1, 14, 0}},
    {"GET /hotplug/memory", {1, 14, 0}},
    {"PUT /hotplug/memory", {1, 14, 0}},
    {"PATCH /hotplug/memory", {1, 14, 0}},
    {"PUT /logger"},
    {"PUT /metrics"},
    {"PUT /mmds/config"},
    {"GET /mmds"},
    {"PUT /mmds"},
    {"PATCH /mmds"},
    {"PUT /snapshot/create", {}, Pace::Memory},
    {"PUT /snapshot/load", {}, Pace::Memory},
});

/// The row of that text; without one this does not compile.
consteval const Route& route(std::string_view text) { return *std::ranges::find(kRoutes, text, &Route::text); }

}  // namespace microvm::fcapi
