// The tables that are written and read elsewhere too: those of a spec file's parts.
#pragma once

#include "host/fcapi/fields.h"

namespace microvm::fcapi {

Table describe(const VmConfig*) noexcept;
Table describe(const CpuConfig*) noexcept;
Table describe(const Logger*) noexcept;
Table describe(const Metrics*) noexcept;

}  // namespace microvm::fcapi
