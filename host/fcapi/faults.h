// What the VMM says when it refuses, as stable codes.
#pragma once

#include <string>
#include <string_view>

#include "host/fcapi/reply.h"

namespace microvm::fcapi {

/// `after_start`, `no_kvm`, …; `other` for a text that no row knows.
std::string_view fault_code(std::string_view fault_message) noexcept;

/// The error in a reply whose status is no success. Its text is whole, as far as it is printable and bounded.
Error fault_of(const Reply& reply);

/// False after a refusal by the HTTP layer, which leaves a connection in a state that nobody can rely on.
bool is_usable_after(const Reply& reply) noexcept;

}  // namespace microvm::fcapi
