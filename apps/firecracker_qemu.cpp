// firecracker-qemu: takes Firecracker's place where there is no usable KVM.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "standin/backend/none.h"
#include "standin/cli/run.h"
#include "standin/qemu/qemu_backend.h"

namespace {

using namespace microvm::standin;

std::string variable(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

std::unique_ptr<Backend> make_backend(const std::optional<std::string>& qemu) {
  if (variable("FIRECRACKER_QEMU_BACKEND") == "none") return std::make_unique<NoBackend>();
  auto backend = std::make_unique<qemu::QemuBackend>();
  if (const std::string program = qemu.value_or(variable("FIRECRACKER_QEMU_QEMU")); !program.empty())
    backend->set_program(program);
  return backend;
}

}  // namespace

int main(int argc, char** argv) {
  if (const std::string kind = variable("FIRECRACKER_QEMU_BACKEND");
      !kind.empty() && kind != "none" && kind != "qemu") {
    std::fputs("firecracker-qemu: FIRECRACKER_QEMU_BACKEND must be \"qemu\" or \"none\"\n", stderr);
    return 1;
  }
  try {
    return run(std::span(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0), make_backend);
  } catch (const std::exception& error) {
    // Out of memory is all that is left: every expected failure is a value.
    std::fprintf(stderr, "firecracker-qemu: %s\n", error.what());
    return 1;
  }
}
