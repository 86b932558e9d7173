// The fixture of the guest tests.
#include "tests/guest/guest_test.h"

#include <optional>
#include <stdexcept>

namespace microvm::test {

GuestTest::GuestTest() {
  output(
      "for pid in $(pidof microvm-guest-metadatad vsock_probe); do"
      " kill -9 $pid; while [ -d /proc/$pid ]; do usleep 1000; done; done; rm -rf /run/microvm-guest /run/log");
}

GuestVm& GuestTest::vm() {
  static std::optional<GuestVm> guest;
  if (!guest || !guest->running()) guest.emplace(GuestVm::boot());
  return *guest;
}

std::string GuestTest::output(const std::string& line) {
  GuestVm::Answer answer = vm().run(line);
  if (answer.status != 0) {
    throw std::runtime_error(line + ": exit status " + std::to_string(answer.status) + ": " + answer.out);
  }
  if (answer.out.ends_with('\n')) answer.out.pop_back();
  return answer.out;
}

std::string GuestTest::start(const std::string& command) { return output(command + " >/run/log 2>&1 & echo $!"); }

void GuestTest::end(const std::string& pid, const std::string& signal) {
  output("kill -" + signal + " " + pid + "; while [ -d /proc/" + pid + " ]; do usleep 1000; done");
}

metadata::Client GuestTest::connect(std::uint32_t port, const metadata::Options& options) {
  auto client = metadata::Client::connect(endpoint(port), options);
  if (!client) throw std::runtime_error(client.error().message + "\nin the guest:\n" + log());
  return std::move(*client);
}

}  // namespace microvm::test
