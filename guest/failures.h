// How what goes wrong with files is told.
#pragma once

#include <string_view>

#include "common/posix/replace_file.h"
#include "common/wire/failure.h"

namespace microvm::guest {

using wire::Failure;
using wire::FailureCode;

/// `subject: cannot <step>: <errno>`; the code follows from the errno.
Failure file_failure(const FixedText& subject, const posix::FileFault& fault) noexcept;

/// The same for the call that has just failed: takes its errno.
Failure failed(std::string_view subject, std::string_view name, const char* step) noexcept;

Failure out_of_memory() noexcept;

}  // namespace microvm::guest
