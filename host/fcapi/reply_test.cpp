// Replies from bytes, and the codes of refusals.
#include "host/fcapi/reply.h"

#include <gtest/gtest.h>

#include "host/fcapi/faults.h"
#include "host/fcapi/traps.h"

namespace microvm::fcapi {
namespace {

constexpr std::string_view kOk =
    "HTTP/1.1 200 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\nDeprecation: true\r\n"
    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

TEST(Replies, AreTheSameInAnyPieces) {
  for (std::size_t cut = 0; cut <= kOk.size(); ++cut) {
    ReplyReader reader;
    const auto first = reader.feed(kOk.substr(0, cut));
    ASSERT_TRUE(first) << cut;
    EXPECT_EQ(*first, cut == kOk.size());
    if (!*first) {
      EXPECT_TRUE(reader.feed(kOk.substr(cut)).value_or(false)) << cut;
    }
    const Reply reply = reader.take();
    EXPECT_EQ(reply.status, 200U);
    EXPECT_TRUE(reply.is_deprecated);
    EXPECT_TRUE(reply.keeps_alive);
    EXPECT_EQ(reply.body, "{}");
  }
}

TEST(Replies, EndWhereTheirLengthSays) {
  ReplyReader reader;
  EXPECT_TRUE(reader.feed("HTTP/1.1 204 \r\nConnection: keep-alive\r\n\r\n").value_or(false));
  EXPECT_EQ(reader.take().status, 204U);
  EXPECT_EQ(ReplyReader().feed(std::string(kOk) + "x").error().code, ErrorCode::BadReply);
}

TEST(Replies, HaveLimits) {
  const auto code = [](const std::string& bytes) { return ReplyReader().feed(bytes).error().code; };
  EXPECT_EQ(code("HTTP/1.1 200 \r\nContent-Length: 4194305\r\n\r\n"), ErrorCode::ReplyTooLong);
  EXPECT_EQ(code("HTTP/1.1 200 \r\nA: " + std::string(9000, 'a')), ErrorCode::ReplyTooLong);
  EXPECT_TRUE(ReplyReader().feed("HTTP/1.1 200 \r\nContent-Length: 4194304\r\n\r\n"));
}

TEST(Faults, HaveCodes) {
  const std::pair<std::string_view, std::string_view> kRows[] = {
      {"before_start", "The requested operation is not supported before starting the microVM."},
      {"after_start", "The requested operation is not supported after starting the microVM."},
      {"bad_body", "An error occurred when deserializing the json body of a request: unknown field `x`"},
      {"unknown_route", "Invalid request method and/or path: PUT nope."},
      {"bad_framing", "GET request cannot have a body."},
      {"bad_framing", "Empty PUT request."},
      {"bad_id", "The id from the path [a] does not match the id from the body [b]!"},
      {"no_kvm", "Start microvm error: Kvm error: Error creating KVM object: No such file or directory (os error 2)"},
      {"bad_kernel", "Start microvm error: System configuration error: Cannot load kernel due to invalid memory"},
      {"too_many_devices",
       "Start microvm error: Could not attach device: MMIO transport error: Failed to allocate requested resource: The "
       "requested resource is not available."},
      {"tap_busy", "Network config error: Could not create the network device: Open tap device failed: (os error 16)."},
      {"no_device", "Drive config error: Unable to patch the block device: Failed perform action: Device not found x"},
      {"vsock_path_in_use",
       "Vsock config error: Error binding to the host-side Unix socket: Address in use (os error 98)"},
      {"mmds_full", "MMDS limit exceeded error: The MMDS patch request doesn't fit."},
      {"load_after_config",
       "Load snapshot error: Loading a microVM snapshot not allowed after configuring boot-specific resources."},
      {"snapshot_damaged", "Load snapshot error: Failed to restore from snapshot: CRC64 validation failed: 1"},
      {"not_paused",
       "Create snapshot error: Cannot save the microVM state: Operation not allowed: save/restore unavailable while "
       "running"},
      {"no_pci", "PCI is not enabled"},
      {"other", "Something else"},
      {"other", ""},
  };
  for (const auto& [code, text] : kRows) EXPECT_EQ(fault_code(text), code) << text;
}

TEST(Faults, AreBounded) {
  const Error error = fault_of({.status = 400, .body = R"({"fault_message":")" + std::string(100'000, 'x') + "\"}"});
  EXPECT_LT(error.message.size(), 5000U);
}

TEST(Traps, DependOnVersionAndBody) {
  const auto codes = [](const Route& on, std::string body, Version version) {
    std::string all;
    const Request request{&on, std::string(on.text), std::move(body)};
    for (const Warning& warning : warnings_of(request, version)) all += warning.code + ";";
    return all;
  };
  constexpr const Route& kVm = route("PATCH /vm");
  EXPECT_EQ(codes(kVm, R"({"state":"Resumed"})", {1, 16, 0}), "vsock_dead_after_resume;");
  EXPECT_EQ(codes(kVm, R"({"state":"Resumed"})", {1, 16, 1}), "vsock_dead_after_resume;");
  EXPECT_EQ(codes(kVm, R"({"state":"Paused"})", {1, 16, 1}), "");
  EXPECT_EQ(codes(kVm, R"({"state":"Resumed"})", {1, 15, 1}), "");
  EXPECT_EQ(codes(kVm, R"({"state":"Resumed"})", {1, 17, 0}), "");
  EXPECT_EQ(codes(route("PUT /logger"), R"({"log_path":"l"})", {1, 13, 0}), "level_reset;log_file_must_exist;");
  EXPECT_EQ(codes(route("PUT /logger"), R"({"log_path":"\"level\":","level":"Info"})", {1, 14, 0}), "");
}

}  // namespace
}  // namespace microvm::fcapi
