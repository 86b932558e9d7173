// A spec's text and its name, for faults that say where.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/wire/json_tree.h"
#include "host/fcapi/fields.h"
#include "microvm/error.h"

namespace microvm::spec {

struct Source {
  std::string name;
  std::string_view text;

  /// "vm.json:7: what", 7 being the line of the value with that index.
  [[nodiscard]] std::string at(std::size_t index, std::string_view what) const;
  [[nodiscard]] Error fault(std::size_t index, std::string_view what) const;
  [[nodiscard]] Error fault(const fcapi::Reader& reader) const;
  /// The text as a tree whose outermost value is an object.
  [[nodiscard]] Result<wire::Json> tree() const;
};

/// The file's text, of at most kMaxFileBytes.
Result<std::string> read_text(const std::string& path);

}  // namespace microvm::spec
