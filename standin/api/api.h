// Answers requests: logs them, has them done, words the answer.
#pragma once

#include "standin/api/call.h"
#include "standin/http/response.h"
#include "standin/vmm/vmm.h"

namespace microvm::standin {

class Api {
 public:
  explicit Api(Vmm& vmm) noexcept : vmm_(vmm) {}
  http::Response answer(const http::Request& request);
  /// After an answer with which the process ends.
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }

 private:
  http::Response word(Outcome& outcome, std::uint64_t microseconds);

  Vmm& vmm_;
  bool is_over_ = false;
};

}  // namespace microvm::standin
