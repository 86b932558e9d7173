// The store of the metadata service.
#pragma once

#include <cstddef>

#include "standin/json/value.h"
#include "standin/model/fault.h"

namespace microvm::standin {

class MmdsStore {
 public:
  explicit MmdsStore(std::size_t limit) noexcept : limit_(limit) {}

  Done put(json::Value data);
  /// Refused until something was put.
  Done patch(const json::Value& change);
  /// `{}` while nothing is there.
  [[nodiscard]] std::string text() const { return data_.is_null() ? "{}" : json::to_text(data_); }

 private:
  [[nodiscard]] Done fits(const json::Value& data) const;

  std::size_t limit_;
  json::Value data_;
  bool initialized_ = false;
};

std::unexpected<Fault> mmds_not_initialized();

}  // namespace microvm::standin
