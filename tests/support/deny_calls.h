// A kernel that lacks something, made from the one that is there.
#pragma once

#include <functional>
#include <initializer_list>

namespace microvm::test {

/// For ProcessSpec::before_exec: these system calls are answered ENOSYS from then on. Needs root.
std::function<bool()> without_calls(std::initializer_list<long> numbers);

}  // namespace microvm::test
