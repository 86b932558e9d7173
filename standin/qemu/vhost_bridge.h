// QEMU's vhost-vsock device, served by a vsock front instead of the kernel.
//
// QEMU believes that it has /dev/vhost-vsock open. Its calls are caught (see Child), said to the front in the words of
// vhost-user, and answered with what the front says. What is gained: this device, unlike QEMU's own of vhost-user, can
// stand in a snapshot.
#pragma once

#include <linux/seccomp.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "common/base/unique_fd.h"
#include "standin/qemu/child.h"
#include "standin/vsock/front.h"

namespace microvm::standin::qemu {

class VhostBridge {
 public:
  /// Both outlive it. `memory` is the guest's.
  static Result<VhostBridge> open(const Child& child, vsock::Front& front, int memory);

  /// To be called when child.vhost_calls() is readable; false when no more will come.
  bool on_call();

 private:
  struct Rule;
  static std::span<const Rule> rules();

  VhostBridge(const Child& child, vsock::Front& front, int memory, UniqueFd socket)
      : child_(&child), front_(&front), memory_(memory), socket_(std::move(socket)) {}

  // Each returns 0 or an errno; `at` is where the call's argument lies in QEMU, `size` how large it is.
  struct Call {
    std::uint64_t at = 0;
    std::size_t size = 0;
    std::uint32_t request = 0;  ///< of vhost-user
  };
  int nothing(const Call& call);
  int pass_on(const Call& call);
  int get_features(const Call& call);
  int set_features(const Call& call);
  int set_memory(const Call& call);
  int set_vring_fd(const Call& call);
  int get_vring_base(const Call& call);

  int handle(const seccomp_notif& caught);
  /// Asks the front; its answer is as long as `answer`, or there is none.
  bool ask(std::uint32_t request, std::string payload, std::span<const int> fds, std::span<char> answer);
  int tell(std::uint32_t request, std::string payload, std::span<const int> fds = {});
  std::string read(std::uint64_t at, std::size_t size);
  bool write(std::uint64_t at, std::span<const char> bytes);

  const Child* child_;
  vsock::Front* front_;
  int memory_;
  UniqueFd socket_;
};

}  // namespace microvm::standin::qemu
