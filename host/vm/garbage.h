// What is left on disk, or still runs, and belongs to no VM.
#pragma once

#include <vector>

#include "host/vm/settle.h"

namespace microvm::vm {

/// Looks at what has the shape of ours only; with `dry_run` nothing is touched.
Result<std::vector<Garbage>> collect_garbage(const Host& host, bool dry_run);

/// Settles every VM whose record does not tell what is so and that nobody is at.
void settle_all(const Host& host);

}  // namespace microvm::vm
