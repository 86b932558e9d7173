// What every runtime promises, as tests that each of them is put to: contract_test.cpp has the tests, one more source
// per runtime instantiates them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "microvm/runtime.h"

namespace microvm::test {

/// A runtime without VMs, and what belongs to it.
struct RuntimeSubject {
  virtual ~RuntimeSubject() = default;
  virtual Runtime& runtime() = 0;
  /// One that can be created and started; no metadata, no vsock device, no id.
  virtual Spec make_spec() = 0;
};

struct RuntimeKind {
  std::string name;
  std::function<std::unique_ptr<RuntimeSubject>()> make;
};

inline void PrintTo(const RuntimeKind& kind, std::ostream* out) { *out << kind.name; }

class RuntimeContract : public testing::TestWithParam<RuntimeKind> {
 protected:
  Runtime& runtime() { return subject_->runtime(); }
  Spec spec(const std::string& id) {
    Spec made = subject_->make_spec();
    made.id = id;
    return made;
  }
  /// A new VM, brought into that state: Created, Running, Paused or Exited.
  void make_vm(const std::string& id, VmState state);
  VmState state_of(const std::string& id);

 private:
  std::unique_ptr<RuntimeSubject> subject_ = GetParam().make();
};

inline std::string kind_name(const testing::TestParamInfo<RuntimeKind>& info) { return info.param.name; }

}  // namespace microvm::test
