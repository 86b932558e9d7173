// Every body of the API as JSON, both ways.
#pragma once

#include <string>
#include <string_view>

#include "microvm/error.h"
#include "microvm/fcapi_types.h"

namespace microvm::fcapi {

/// Refuses what breaks a rule (Invalid) or what `version` does not know (Unsupported), and names the member.
template <class Body>
Result<std::string> write_body(const Body& body, Version version);

/// BadReply where `text` is not such a body.
template <class Body>
Result<Body> read_body(std::string_view text);

/// As the wire has it: "Not started".
std::string_view state_name(VmState state) noexcept;

}  // namespace microvm::fcapi
