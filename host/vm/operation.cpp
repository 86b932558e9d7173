#include "host/vm/operation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace microvm::vm {
namespace {

std::unexpected<Error> busy(const Roots& roots, std::string_view id, std::string_view name) {
  const auto vm = look(roots, id);
  const std::string in_the_way = vm && !vm->status.operation.empty()
                                     ? fmt::format("{} by process {}", vm->status.operation, vm->status.operation_pid)
                                     : "another operation";
  return std::unexpected(
      Error{ErrorCode::Busy, 0, fmt::format("VM {}: {} waited in vain: {} is in the way", id, name, in_the_way)});
}

std::string names_of(std::initializer_list<VmState> states) {
  std::vector<std::string_view> names;
  for (const VmState state : states) names.push_back(state_name(state));
  return fmt::format("{}", fmt::join(names, " or "));
}

}  // namespace

Result<Operation> Operation::begin(const Host& host, std::string_view id, std::string_view name,
                                   std::initializer_list<VmState> states) {
  const auto layout = lay_out(host.roots, id);
  if (!layout) return std::unexpected(layout.error());
  auto lock = VmLock::take(layout->state, Deadline::after(host.options.lock_timeout));
  if (!lock && lock.error().code == ErrorCode::Busy) return busy(host.roots, id, name);
  if (!lock) return std::unexpected(std::move(lock.error()));
  auto vm = settle(host, id, *lock);
  if (!vm) return std::unexpected(std::move(vm.error()));
  if (states.size() != 0 && std::ranges::find(states, vm->state()) == states.end())
    return wrong_state(*vm, name, names_of(states));
  return Operation(host, name, std::move(*vm), std::move(*lock));
}

Result<void> Operation::announce() {
  vm_.status.operation = name_;
  vm_.status.operation_pid = static_cast<std::uint32_t>(::getpid());
  return write_status(vm_.layout, vm_.status);
}

Result<void> Operation::before(std::string_view step) const {
  return host_->options.before_step ? host_->options.before_step(vm_.id, step) : Result<void>();
}

Result<void> Operation::settle_again() {
  auto vm = settle(*host_, vm_.id, lock_);
  if (!vm) return std::unexpected(std::move(vm.error()));
  vm_ = std::move(*vm);
  return {};
}

Result<void> Operation::finish() {
  vm_.status.operation.clear();
  vm_.status.operation_pid = 0;
  return write_status(vm_.layout, vm_.status);
}

std::unexpected<Error> Operation::fail(Error error) {
  (void)finish();
  if (!error.message.starts_with("VM ")) error.message = fmt::format("VM {}: {}: {}", vm_.id, name_, error.message);
  return std::unexpected(std::move(error));
}

}  // namespace microvm::vm
