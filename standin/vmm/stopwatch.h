// How long an action took: a line in the log, and a metric.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "standin/vmm/vmm.h"

namespace microvm::standin {

class Stopwatch {
 public:
  [[nodiscard]] std::uint64_t microseconds() const {
    const auto passed = std::chrono::steady_clock::now() - begin_;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(passed).count());
  }
  void tell(Vmm& vmm, const LogSite& site, std::string_view action, std::string_view metric) const {
    const std::uint64_t took = microseconds();
    vmm.metrics.store("latencies_us." + std::string(metric), took);
    vmm.log(site, "'" + std::string(action) + "' VMM action took " + std::to_string(took) + " us.");
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace microvm::standin
