// The contract, kept by the runtime of real VMMs.
#include "tests/runtime/contract.h"
#include "tests/runtime/subject.h"

namespace microvm::test {
namespace {

class FirecrackerSubject final : public RuntimeSubject {
 public:
  Runtime& runtime() override { return subject_.runtime(); }
  Spec make_spec() override {
    Spec spec = subject_.spec("");
    spec.config.vsock.reset();
    return spec;
  }

 private:
  Subject subject_;
};

INSTANTIATE_TEST_SUITE_P(Firecracker, RuntimeContract,
                         testing::Values(RuntimeKind{"firecracker",
                                                     [] { return std::make_unique<FirecrackerSubject>(); }}),
                         kind_name);

}  // namespace
}  // namespace microvm::test
