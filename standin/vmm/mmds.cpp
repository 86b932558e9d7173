#include "standin/vmm/mmds.h"

#include <utility>

namespace microvm::standin {

std::unexpected<Fault> mmds_not_initialized() {
  return refuse("NotInitialized", "The MMDS data store is not initialized.");
}

Done MmdsStore::fits(const json::Value& data) const {
  if (json::to_text(data).size() <= limit_) return {};
  Fault fault{"The MMDS patch request doesn't fit.", "DataStoreLimitExceeded"};
  fault.status = 413;
  return std::unexpected(std::move(fault));
}

Done MmdsStore::put(json::Value data) {
  if (auto fit = fits(data); !fit) return fit;
  data_ = std::move(data);
  initialized_ = true;
  return {};
}

Done MmdsStore::patch(const json::Value& change) {
  if (!initialized_) return mmds_not_initialized();
  json::Value next = data_;
  json::merge_patch(next, change);
  if (auto fit = fits(next); !fit) return fit;
  data_ = std::move(next);
  return {};
}

}  // namespace microvm::standin
