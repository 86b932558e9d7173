// What the library sends in a boot sequence, byte for byte: taken down by a server that says yes to everything.
#pragma once

#include <functional>
#include <string>

namespace microvm::bench {

/// Serves one connection at `path` while `work` runs; each request that came in, ended by a NUL.
std::string sent_by(const std::string& path, const std::function<void()>& work);

}  // namespace microvm::bench
