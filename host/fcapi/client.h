// What is behind the client: its operations (operations.cpp) say what, this says how.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/fcapi/connection.h"
#include "host/fcapi/request.h"
#include "microvm/fcapi.h"

namespace microvm::fcapi {

struct Client::Impl {
  Impl(std::string path, Vmm vmm, const Options& options)
      : path_(std::move(path)), vmm_(std::move(vmm)), options_(options) {}

  /// Waits for the socket and asks for the version.
  Result<void> open();
  [[nodiscard]] Version version() const noexcept { return version_; }
  std::vector<Warning> take_warnings() { return std::exchange(warnings_, {}); }

  template <class Body>
  Result<void> send(const Route& route, const Body& body, std::string_view id = {}, std::uint64_t mem_size_mib = 0) {
    return without_text(run(plan(route, id, body, version_, options_.max_body_bytes), mem_size_mib));
  }
  Result<void> send_empty(const Route& route, std::string_view id = {}) {
    return without_text(run(plan_text(route, id, std::nullopt, version_, 0)));
  }
  template <class Body>
  Result<Body> get(const Route& route) {
    const auto text = run(plan_text(route, {}, std::nullopt, version_, 0));
    if (!text) return std::unexpected(text.error());
    auto body = read_body<Body>(*text);
    return body ? std::move(body) : std::unexpected(about(route.text, std::move(body.error())));
  }
  [[nodiscard]] std::uint64_t mem_size_mib() const noexcept { return options_.mem_size_mib; }

 private:
  static Result<void> without_text(const Result<std::string>& done) {
    return done ? Result<void>() : std::unexpected(done.error());
  }
  Result<std::string> run(Result<Request> request, std::uint64_t mem_size_mib = 0);
  Result<std::string> perform(const Request& request, Deadline deadline);
  Result<void> connect(Deadline deadline);
  Error unknown_outcome(const Request& request, Error error);
  std::string ask_state();
  void warn(Warning warning);
  [[nodiscard]] Deadline until(std::chrono::milliseconds time) const noexcept;

  std::string path_;
  Vmm vmm_;
  Options options_;
  Version version_;
  std::vector<Warning> warnings_;
  UniqueFd watch_;
  pid_t peer_ = 0;  ///< the process that listens; 0: not met yet
  Connection connection_;
};

}  // namespace microvm::fcapi
