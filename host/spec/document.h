// A spec file's own shape: what stands beside the parts that Firecracker's API has too, and the tables of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/fcapi/fields.h"
#include "host/fcapi/tables.h"
#include "microvm/runtime_types.h"

namespace microvm::spec {

struct Kept {
  std::uint64_t max_bytes = 0;
};
/// The object "microvm".
struct Ours {
  std::string id{};
  MetadataSpec metadata{};
  std::optional<std::vector<StopRung>> stop{};
  std::optional<Kept> console{}, log{};
};
/// "cpu-config": itself, or a file that holds it.
struct CpuSource {
  fcapi::CpuConfig config{};
  std::string path{};
};
struct Extras {
  std::optional<CpuSource> cpu_config{};
  std::optional<fcapi::Logger> logger{};
  std::optional<fcapi::Metrics> metrics{};
  std::optional<Ours> microvm{};
};

fcapi::Table describe(const Extras*) noexcept;

/// The whole file; `out` remembers what breaks a rule.
void write_document(fcapi::Writer& out, const Spec& vm);
/// What the tables know against it: rules of single members and of bodies.
Result<void> check_document(const Spec& vm);
void take_extras(Spec& vm, Extras extras);

}  // namespace microvm::spec
