// How soon a client notices that the daemon listens: at most 5 ms later, plus what a plain connect takes.
#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <iostream>
#include <vector>

#include "host/vsock/dial.h"
#include "tests/host/guests.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vsock_double.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using Clock = Deadline::Clock;
using Times = std::vector<std::chrono::duration<double, std::milli>>;

Clock::time_point dialled(const std::string& uds) {
  const auto stream = vsock::dial(uds, kPort, Deadline::after(20s));
  EXPECT_TRUE(stream);
  return Clock::now();
}

double median(Times times) {
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2].count();
}

class Readiness : public testing::Test {
 protected:
  // One round: the client first; `appear` makes the port answer after `delay`.
  template <class Appear>
  void round(std::chrono::microseconds delay, Appear appear) {
    auto client = std::async(std::launch::async, [this] { return dialled(uds_); });
    std::this_thread::sleep_for(delay);
    const auto bound = Clock::now();
    appear();
    noticed_.push_back(client.get() - bound);
    const auto start = Clock::now();
    plain_.push_back(dialled(uds_) - start);
  }
  // Every round another phase of the client's pauses.
  static std::chrono::microseconds delay(int round) { return round == 0 ? 500ms : 50ms + round * 617us; }
  void expect_soon() const {
    const double noticed = median(noticed_);
    const double plain = median(plain_);
    std::cout << "ready " << noticed << " ms after the bind, a plain connect takes " << plain << " ms (medians of "
              << noticed_.size() << ")\n";
    EXPECT_LE(noticed, 5.0 + plain);
  }

  TempDir dir_;
  std::string uds_ = dir_.path() + "/v.sock";
  Times noticed_, plain_;
};

TEST_F(Readiness, OfAPortInARunningGuest) {
  VsockDouble vsock(uds_);
  for (int i = 0; i < 20; ++i) {
    round(delay(i), [&] { vsock.listen(kPort, daemon()); });
    vsock.unlisten(kPort);
  }
  expect_soon();
}

TEST_F(Readiness, OfAVmmThatIsNotThereYet) {
  for (int i = 0; i < 20; ++i) {
    std::unique_ptr<VsockDouble> vsock;
    round(delay(i), [&] {
      vsock = std::make_unique<VsockDouble>(uds_);
      vsock->listen(kPort, daemon());
    });
  }
  expect_soon();
}

}  // namespace
}  // namespace microvm::test
