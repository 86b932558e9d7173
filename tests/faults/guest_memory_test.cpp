// The memory of a whole guest once its secrets are wiped: what the kernel kept of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <stdexcept>

#include "host/vsock/dial.h"
#include "tests/faults/operations.h"
#include "tests/faults/state.h"
#include "tests/guest/guest_vm.h"
#include "tests/support/files.h"

namespace microvm::faults {
namespace {

using test::GuestVm;
using test::LineClient;

// Whole groups of base64: a value made of these shows one in each of its forms, however it is cut.
constexpr std::string_view kUnit = "GuestMemoryForgetsMyUnit";
static_assert(kUnit.size() % 3 == 0);

std::string value_of(std::size_t size) {
  std::string value;
  while (value.size() < size) value += kUnit;
  value.resize(size);
  return value;
}

struct Count {
  std::size_t plain = 0;
  std::size_t base64 = 0;
};

std::size_t count_in(const std::string& text, const std::string& form) {
  std::size_t times = 0;
  for (std::size_t at = text.find(form); at != text.npos; at = text.find(form, at + form.size())) ++times;
  return times;
}

// A guest whose memory can be read, and a daemon on a tmpfs in it.
class Guest {
 public:
  explicit Guest(const std::string& kernel)
      : vm_(GuestVm::boot({.daemon = "", .kernel = kernel, .qemu = "-qmp unix:qmp.sock,server=on,wait=off"})) {
    monitor_ = LineClient::connect(vm_.dir() + "/qmp.sock", Deadline::after(test::kPatience));
    command(R"({"execute":"qmp_capabilities"})");
    const Deadline deadline = Deadline::after(test::kPatience);
    auto stream = vsock::dial(vm_.uds(), 5555, deadline);
    while (!stream && !deadline.passed()) stream = vsock::dial(vm_.uds(), 5555, deadline);
    if (!stream) throw std::runtime_error(stream.error().message);
    client_ = LineClient(std::move(*stream));
  }

  void ask(const std::string& request) {
    const std::string reply = client_.ask(request);
    if (reply.find(R"("ok":true)") == reply.npos) throw std::runtime_error("refused: " + reply);
  }

  Count count() {
    const std::string file = vm_.dir() + "/memory";
    command(R"({"execute":"pmemsave","arguments":{"val":0,"size":268435456,"filename":")" + file + "\"}}");
    const std::string memory = test::read_file(file);
    EXPECT_EQ(memory.size(), 268'435'456U);
    return {count_in(memory, std::string(kUnit)), count_in(memory, base64(kUnit))};
  }

 private:
  void command(const std::string& line) {
    std::string reply = monitor_.ask(line + "\n");
    while (reply.find(R"("return")") == reply.npos) {  // the greeting, events
      if (reply.empty() || reply.find(R"("error")") != reply.npos) throw std::runtime_error("QEMU: " + reply);
      reply = monitor_.read_line().value_or("");
    }
  }

  GuestVm vm_;
  LineClient monitor_, client_;
};

// Values of all sizes are set, replaced, deleted and kept, then everything is wiped. Answers what was there before
// that.
Count fill_and_wipe(Guest& guest) {
  for (const std::size_t size : {32U, 5'000U, 200'000U, 700'000U}) {
    guest.ask(set_secret_request("replaced", value_of(size)));
    guest.ask(set_secret_request("kept" + std::to_string(size), value_of(size)));
  }
  guest.ask(R"({"op":"set_env","id":"x","env":{"A":")" + value_of(10'000) + "\"}}\n");
  for (const std::string epoch : {"one", "two"}) {
    guest.ask(R"({"op":"apply","id":"x","epoch":")" + epoch + R"(","env":{"A":")" + value_of(3'000) +
              R"("},"secrets":{"a":")" + base64(value_of(50'000)) + R"(","b":")" + base64(value_of(100)) + "\"}}\n");
  }
  guest.ask("{\"op\":\"delete_secret\",\"id\":\"x\",\"name\":\"a\"}\n");
  guest.ask(set_secret_request("last", value_of(300'000)));
  const Count before = guest.count();
  guest.ask("{\"op\":\"wipe\",\"id\":\"x\"}\n");
  return before;
}

TEST(GuestMemory, HoldsNothingBehindAWipeWhereThePagesAreCleared) {
  Guest guest("init_on_free=1");
  const Count before = fill_and_wipe(guest);
  EXPECT_GT(before.plain, 10'000U) << "this test finds nothing";
  const Count after = guest.count();
  EXPECT_EQ(after.plain, 0U);
  EXPECT_EQ(after.base64, 0U);
}

TEST(GuestMemory, KeepsSomeBehindAWipeWhereThePagesAreNotCleared) {
  Guest guest("");
  const Count before = fill_and_wipe(guest);
  const Count after = guest.count();
  std::cout << "plain: " << before.plain << " before the wipe, " << after.plain
            << " after it; in base64: " << before.base64 << " and " << after.base64 << "\n";
  EXPECT_LT(after.plain, before.plain) << "the files themselves are overwritten";
}

}  // namespace
}  // namespace microvm::faults
