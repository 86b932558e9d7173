// The fixture of protocol 2: requests, and what their replies say.
#pragma once

#include <string>
#include <string_view>

#include "tests/contract/daemon_test.h"
#include "tests/faults/state.h"

namespace microvm::contract {

using faults::State;

/// `{"op":<op>,"id":"x",<fields>}` and its newline.
std::string request(std::string_view op, std::string_view fields = "");

class TransactionTest : public DaemonTest {
 protected:
  std::string ask(std::string_view op, std::string_view fields = "") { return daemon().ask(request(op, fields)); }
  /// Must succeed, as durable as the file system is.
  Change change(std::string_view op, std::string_view fields = "");
  /// Must be refused, and touch nothing: the code.
  std::string refusal(std::string_view op, std::string_view fields = "");
  /// As `stat` tells it.
  std::string etag();

  [[nodiscard]] State state() const { return faults::read_state(paths_); }
  [[nodiscard]] std::string in_state(std::string_view name) const { return paths_.state_dir + "/" + std::string(name); }
  /// The replaced set's path; "" when there is none.
  [[nodiscard]] std::string retired() const;
};

}  // namespace microvm::contract
