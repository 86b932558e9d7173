// One operation on one VM: under its lock, settled first, named in its status while it lasts.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "host/vm/settle.h"

namespace microvm::vm {

class Operation {
 public:
  /// Busy, and what is in the way, when the lock is not free by the deadline; WrongState where the VM is in none of
  /// `states` (any when it is empty).
  static Result<Operation> begin(const Host& host, std::string_view id, std::string_view name,
                                 std::initializer_list<VmState> states);
  Operation(Operation&&) = default;

  Seen& vm() noexcept { return vm_; }
  /// Tells others what is being done; from here on an end of this process is an interruption.
  Result<void> announce();
  [[nodiscard]] Result<void> before(std::string_view step) const;
  /// Looks again, as at the beginning.
  Result<void> settle_again();
  /// Writes down where the VM stands now, and that nobody is at it.
  Result<void> finish();
  Result<void> finish(VmState state) {
    vm_.status.state = state;
    return finish();
  }
  /// The same on the way out with an error, which it answers.
  std::unexpected<Error> fail(Error error);

 private:
  Operation(const Host& host, std::string_view name, Seen vm, VmLock lock)
      : host_(&host), name_(name), vm_(std::move(vm)), lock_(std::move(lock)) {}

  const Host* host_;
  std::string name_;
  Seen vm_;
  VmLock lock_;
};

}  // namespace microvm::vm
