// What the daemon's connections share, over a store in a folder of its own.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "guest/connection.h"
#include "guest/limits.h"
#include "guest/requests.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {

class Workbench {
 public:
  [[nodiscard]] guest::Workspace& shared() noexcept { return shared_; }
  [[nodiscard]] guest::Requests& requests() noexcept { return requests_; }
  [[nodiscard]] std::string env_file() const { return folder_ / "state/env"; }
  [[nodiscard]] std::string secret(const char* name) const { return folder_ / "state/secrets/" + name; }

  /// Between two calls of a connection: no byte of any client is left in what it shares with others.
  [[nodiscard]] bool is_clean() const noexcept {
    return shared_.replies.empty() && inbox_.front() == 0 &&
           std::memcmp(inbox_.data(), inbox_.data() + 1, inbox_.size() - 1) == 0;
  }

 private:
  static std::unique_ptr<guest::Store> open(const TempDir& folder) {
    auto store = guest::Store::open({.env_file = folder / "state/env",
                                     .secrets_dir = folder / "state/secrets",
                                     .socket = {},
                                     .secrets_group = {},
                                     .scrub = false});
    if (!store) throw std::runtime_error(std::string(store.error().text.view()));
    return std::move(*store);
  }

  TempDir folder_;
  std::unique_ptr<guest::Store> store_ = open(folder_);
  guest::Log log_{-1};  // silent
  guest::Requests requests_{*store_, log_};
  std::vector<char> inbox_ = std::vector<char>(guest::kInboxSize);
  guest::Workspace shared_{.requests = requests_, .inbox = inbox_, .replies = {}};
};

}  // namespace microvm::test
