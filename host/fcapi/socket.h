// Reaches the API socket of a VMM from before it is there until it accepts.
#pragma once

#include <string>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "microvm/fcapi.h"

namespace microvm::fcapi {

/// A non-blocking stream. A missing socket and one that does not accept mean "not yet"; the end of the process
/// (VmmDied) ends the wait at once. Paths longer than sockaddr_un takes are reached through their folder.
///
/// `watch` keeps what was needed to wait for the file: closing it takes milliseconds, so it is left to the caller.
Result<UniqueFd> open_socket(const std::string& path, const Vmm& vmm, UniqueFd& watch, Deadline deadline);

/// Waits for its end until `deadline`; false where there is no pidfd.
bool has_died(const Vmm& vmm, Deadline deadline);

/// The error that says so, with the end of its output.
Error died(const Vmm& vmm);

}  // namespace microvm::fcapi
