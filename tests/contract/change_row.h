// One row of protocol 2: a request that changes several things or nothing, its reply, and all files afterwards.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/faults/state.h"

namespace microvm::contract {

using faults::State;

/// What stands before each row.
inline State given() { return {.env = "A=hunter2\nB=2\n", .secrets = {{"a", "hunter2"}, {"b", "b"}}, .epoch = "e"}; }

struct ChangeRow {
  std::string name;
  std::string request;  ///< without its newline
  std::string code{};   ///< of a refusal; empty when the request is to succeed
  std::string mentions{};
  bool changes = false;
  State after = given();
};

std::vector<ChangeRow> apply_rows();
std::vector<ChangeRow> epoch_rows();
std::vector<ChangeRow> apply_refusal_rows();
std::vector<ChangeRow> removal_rows();  // delete_secret, wipe

}  // namespace microvm::contract
