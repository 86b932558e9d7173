// VMs of the Firecracker runtime over the program that VMM_BIN names, in a folder of their own; and what is left of
// them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "microvm/runtime.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {

class Subject {
 public:
  Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  /// Ends all that is left.
  ~Subject();

  [[nodiscard]] RuntimeOptions options() const;
  Runtime& runtime() { return *runtime_; }
  /// Of a guest of two instructions.
  [[nodiscard]] Spec spec(const std::string& id) const;
  [[nodiscard]] const std::string& dir() const noexcept { return dir_.path(); }
  [[nodiscard]] std::string state_of_vm(const std::string& id) const { return dir() + "/state/vms/" + id; }
  [[nodiscard]] std::string run_of_vm(const std::string& id) const { return dir() + "/run/" + id; }

  /// Processes that have this folder in their command line, but for this one: pid and name.
  [[nodiscard]] std::vector<std::string> processes() const;
  /// VMs, half-made ones, run directories, sockets: all that is on disk.
  [[nodiscard]] std::vector<std::string> files() const;
  [[nodiscard]] std::vector<std::string> leftovers() const;

 private:
  TempDir dir_;
  std::unique_ptr<Runtime> runtime_;
};

}  // namespace microvm::test
