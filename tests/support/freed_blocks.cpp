// The sanitizers' heap calls a hook before it frees a block.
#include "tests/support/freed_blocks.h"

#include <string.h>

#include <stdexcept>

extern "C" {
[[gnu::weak]] int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                            void (*)(const volatile void*));
[[gnu::weak]] std::size_t __sanitizer_get_allocated_size(const volatile void*);
}

namespace microvm::test {
namespace {

FreedBlocks* watching = nullptr;

}  // namespace

FreedBlocks::FreedBlocks(std::string_view marker) : marker_(marker) {
  // A hook stays for the rest of the process.
  static const bool installed = __sanitizer_install_malloc_and_free_hooks != nullptr &&
                                __sanitizer_install_malloc_and_free_hooks([](auto...) {}, freed) != 0;
  if (!installed) throw std::runtime_error("freed blocks can be looked into only where a sanitizer keeps the heap");
  watching = this;
}

FreedBlocks::~FreedBlocks() { watching = nullptr; }

void FreedBlocks::freed(const volatile void* block) {
  if (watching == nullptr || block == nullptr) return;
  ++watching->seen_;
  const void* const content = const_cast<const void*>(block);
  const std::size_t size = __sanitizer_get_allocated_size(block);
  if (::memmem(content, size, watching->marker_.data(), watching->marker_.size()) != nullptr) ++watching->with_marker_;
}

}  // namespace microvm::test
