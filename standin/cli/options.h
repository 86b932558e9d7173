// The command line, in Firecracker's manner: what it takes, and how it refuses.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "standin/model/fault.h"

namespace microvm::standin {

class Options {
 public:
  [[nodiscard]] bool has(std::string_view flag) const { return values_.contains(flag); }
  /// What was given, else the flag's default, else nothing.
  [[nodiscard]] std::optional<std::string> value(std::string_view flag) const;

 private:
  friend Result<Options> parse_options(std::span<const char* const> arguments);
  std::map<std::string, std::string, std::less<>> values_;
};

/// `arguments` without the name of the program.
Result<Options> parse_options(std::span<const char* const> arguments);

std::string help_text();

}  // namespace microvm::standin
