// Reads a VM's spec: Firecracker's own configuration file, with one object of ours in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "microvm/runtime_types.h"

namespace microvm {

struct SpecOptions {
  std::string name = "spec";   ///< of the file, for errors
  std::string base_dir = "/";  ///< what relative paths are relative to; absolute
  bool strict = false;         ///< what is only a warning otherwise is an error
};

struct ParsedSpec {
  Spec spec;
  std::vector<std::string> warnings;  ///< "vm.json:12: unknown member \"foo\", which Firecracker ignores"
};

/// Errors are Invalid and name file, line and member: `vm.json:7: drives[0].is_root_device is not true or false`. A
/// "cpu-config" that is a path is read; that alone may fail with Io.
Result<ParsedSpec> parse_spec(std::string_view text, const SpecOptions& options);

/// Rules of a spec that no single member shows: those of `create`. Opens no file.
Result<void> check_spec(const Spec& spec);

/// The spec as one JSON document that `parse_spec` reads back to the same value.
std::string write_spec(const Spec& spec);

/// [a-z0-9-]{1,63}: Invalid otherwise, with the rule.
Result<void> check_id(std::string_view id);

}  // namespace microvm
