// A client and a scripted guest with the double between them.
#pragma once

#include <gmock/gmock.h>

#include <optional>
#include <string>

#include "microvm/metadata.h"
#include "tests/host/guests.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vsock_double.h"

namespace microvm::test {

MATCHER_P(FailsAs, code, std::string("fails as ") + std::string(code_name(code))) {
  if (arg.has_value()) {
    *result_listener << "it succeeds";
    return false;
  }
  *result_listener << code_name(arg.error().code) << ": " << arg.error().message;
  return arg.error().code == code;
}
MATCHER(Succeeds, "") {
  if (!arg.has_value()) *result_listener << code_name(arg.error().code) << ": " << arg.error().message;
  return arg.has_value();
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
inline Secret secret_of(std::string_view text) {
  const auto bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

class WithGuest : public testing::Test {
 protected:
  metadata::Client connect(metadata::Options options = {}) {
    auto client = metadata::Client::connect({.uds_path = uds_, .port = kPort}, options);
    if (!client) throw std::runtime_error(client.error().message);
    return std::move(*client);
  }
  /// A client of a guest that does `guest`.
  metadata::Client client_of(VsockDouble::Script guest, metadata::Options options = {}) {
    vsock_.listen(kPort, std::move(guest));
    return connect(options);
  }

  TempDir dir_;
  std::string uds_ = dir_.path() + "/v.sock";
  VsockDouble vsock_{uds_};
};

}  // namespace microvm::test
