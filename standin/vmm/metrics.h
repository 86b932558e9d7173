// The metrics: one line of JSON with every group and key of Firecracker's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"
#include "standin/model/fault.h"
#include "standin/model/process.h"

namespace microvm::standin {

class Metrics {
 public:
  Done init(const MetricsConfig& config);
  /// "put_api_requests.drive_count": counts since the last line that was written.
  void count(std::string_view key) { ++counts_[std::string(key)]; }
  /// Stays from line to line.
  void store(std::string_view key, std::uint64_t value) { stored_[std::string(key)] = value; }
  /// Drives and interfaces have groups of their own.
  void set_devices(std::vector<std::string> drive_ids, std::vector<std::string> interface_ids);
  /// False when a line could not be written; nothing to do without a file.
  bool write();

 private:
  [[nodiscard]] std::string line() const;
  void append_group(std::string& out, std::string_view name, std::string_view keys) const;
  [[nodiscard]] std::uint64_t value_of(std::string_view group, std::string_view key) const;

  UniqueFd file_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  std::map<std::string, std::uint64_t, std::less<>> stored_;
  std::vector<std::string> drive_ids_;
  std::vector<std::string> interface_ids_;
};

}  // namespace microvm::standin
