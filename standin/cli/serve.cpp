#include "standin/cli/serve.h"

#include <poll.h>

#include <chrono>
#include <optional>

#include "common/base/deadline.h"
#include "standin/cli/signals.h"
#include "standin/vmm/log_sites.h"

namespace microvm::standin {
namespace {

// A line of metrics at boot and every minute from then on; none while the guest is paused, but one that is due comes
// when it goes on.
class MetricsClock {
 public:
  void tick(Vmm& vmm) {
    if (!vmm.booted()) return;
    if (!next_) {
      write(vmm);
    } else if (vmm.state == State::Running && next_->passed()) {
      write(vmm);
    }
  }
  [[nodiscard]] int wait_ms(const Vmm& vmm) const {
    return next_ && vmm.state == State::Running ? next_->poll_ms() : -1;
  }

 private:
  static constexpr std::chrono::seconds kPeriod{60};

  void write(Vmm& vmm) {
    std::vector<std::string> drives;
    std::vector<std::string> interfaces;
    for (const DriveDevice& drive : vmm.guest.drives) drives.push_back(drive.config.id);
    for (const NetworkDevice& device : vmm.guest.interfaces) interfaces.push_back(device.config.id);
    vmm.metrics.set_devices(std::move(drives), std::move(interfaces));
    vmm.metrics.write();
    next_ = Deadline::after(kPeriod);
  }
  std::optional<Deadline> next_;
};

}  // namespace

Ended serve(Vmm& vmm, Api& api, Server* server) {
  MetricsClock clock;
  std::vector<pollfd> wanted;
  while (true) {
    clock.tick(vmm);
    wanted.assign({{Signals::event_fd(), POLLIN, 0}, {vmm.backend.event_fd(), POLLIN, 0}});
    constexpr std::size_t kOwn = 2;
    if (server != nullptr) server->want(wanted);
    if (::poll(wanted.data(), wanted.size(), clock.wait_ms(vmm)) < 0) continue;  // a signal: it is in its pipe
    if (wanted[0].revents != 0)
      if (const auto code = Signals::take(vmm)) return {Ending::Signal, *code};
    if (wanted[1].revents != 0)
      if (const auto end = vmm.backend.on_event()) {
        if (!end->why.empty()) vmm.log(site::kGuestDied, end->why);
        return {Ending::GuestStopped, end->exit_code};
      }
    if (server != nullptr) server->serve(std::span(wanted).subspan(kOwn));
    if (api.is_over()) return {Ending::RestoreFailed, 1};
  }
}

}  // namespace microvm::standin
