// How a VM comes to be: a plan of steps, printed or applied.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/vm/configuration.h"
#include "host/vm/lifecycle.h"
#include "host/vm/monitor.h"
#include "host/vm/settle.h"
#include "host/vm/steps.h"
#include "microvm/runtime.h"

namespace microvm::vm {

class Creation {
 public:
  /// Checks all that can be checked without taking anything.
  static Result<std::unique_ptr<Creation>> prepare(const Host& host, const Spec& spec);

  [[nodiscard]] std::vector<Step> steps();
  /// On failure all is given back; where that fails, the VM stays as Failed, and the error says what is left.
  Result<CreateResult> run();

  [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
  /// After run(): the connection it configured the VMM through.
  Configured take_configured() { return {std::move(report_->vmm), std::move(*api_)}; }

 private:
  Creation(const Host& host, Spec spec, Layout layout);

  Result<void> publish();
  Result<void> clear_run_directory();
  Result<void> make_run_directory();
  Result<void> start_process();
  Result<void> end_process();
  Result<void> connect();
  Result<void> configure();
  Result<void> hand_over();
  [[nodiscard]] Result<void> with_last_words(Result<void> done) const;

  const Host& host_;
  Spec spec_;
  Layout layout_;
  Record record_;
  std::vector<Call> calls_;
  std::optional<VmLock> lock_;
  bool has_run_directory_ = false;
  std::optional<MonitorReport> report_;
  std::optional<fcapi::Client> api_;
  Phases phases_;
};

}  // namespace microvm::vm
