// What an env key, an env value and a secret name may be: one piece of code for the host and the daemon.
#pragma once

#include <string_view>

namespace microvm::wire {

/// Each returns nullptr when the rule holds, else the rule in words; none quotes what it was given.
const char* env_key_rule(std::string_view key) noexcept;       // [A-Za-z_][A-Za-z0-9_]*
const char* env_value_rule(std::string_view value) noexcept;   // no newline, no NUL
const char* secret_name_rule(std::string_view name) noexcept;  // [A-Za-z0-9_-]{1,255}

}  // namespace microvm::wire
