// firecracker-qemu: takes Firecracker's place where there is no usable KVM.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string_view>

#include "standin/backend/none.h"
#include "standin/cli/run.h"

int main(int argc, char** argv) {
  const char* const kind = std::getenv("FIRECRACKER_QEMU_BACKEND");
  if (kind == nullptr || std::string_view(kind) != "none") {
    std::fputs("firecracker-qemu: FIRECRACKER_QEMU_BACKEND must be \"none\": there is no other backend yet\n", stderr);
    return 1;
  }
  try {
    microvm::standin::NoBackend backend;
    return microvm::standin::run(std::span(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0), backend);
  } catch (const std::exception& error) {
    // Out of memory is all that is left: every expected failure is a value.
    std::fprintf(stderr, "firecracker-qemu: %s\n", error.what());
    return 1;
  }
}
