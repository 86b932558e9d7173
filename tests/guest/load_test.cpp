// Much at once: connections, and lines longer than a request may be.
#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "host/vsock/dial.h"
#include "tests/guest/guest_test.h"

namespace microvm::test {
namespace {

constexpr int kClients = 200;

TEST_F(GuestTest, TwoHundredConnectionsAtOnceAreServed) {
  start_daemon();
  std::atomic<int> served = 0;
  {
    std::latch all_open(kClients);
    std::vector<std::jthread> threads;
    threads.reserve(kClients);
    for (int i = 0; i < kClients; ++i) {
      threads.emplace_back([&, at = endpoint()] {
        auto client = metadata::Client::connect(at, {.connect_timeout = kPatience, .request_timeout = kPatience});
        all_open.arrive_and_wait();
        if (client && client->ping()) ++served;
      });
    }
  }
  EXPECT_EQ(served, kClients) << log();
}

TEST_F(GuestTest, RequestOfTwoMebibytesIsRefusedAndTheConnectionLives) {
  start_daemon();
  auto stream = vsock::dial(vm().uds(), 5555, Deadline::after(kPatience));
  ASSERT_TRUE(stream) << stream.error().message;
  LineClient raw(std::move(*stream));
  const std::string head = R"({"op":"set_secret","id":"big","name":"s","value_b64":")";
  ASSERT_TRUE(raw.send(head + std::string(2 * 1024 * 1024 - head.size() - 3, 'A') + "\"}\n"));
  EXPECT_EQ(raw.read_line(), R"({"id":"big","ok":false,"error":"line too long: limit 1048576 bytes"})");
  EXPECT_EQ(raw.ask("{\"op\":\"ping\",\"id\":\"after\"}\n"), R"({"id":"after","ok":true})");
  EXPECT_EQ(output("ls /run/microvm-guest/secrets"), "");
}

}  // namespace
}  // namespace microvm::test
