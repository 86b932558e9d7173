// The log, in Firecracker's format. Each place that logs is named once, with the origin that Firecracker gives it:
// users filter by module and read origins, so they are part of what is promised.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "standin/model/fault.h"
#include "standin/model/process.h"

namespace microvm::standin {

enum class Level : std::uint8_t { Off, Error, Warn, Info, Debug, Trace };

struct LogSite {
  Level level;
  std::string_view thread;
  std::string_view file;  ///< src/firecracker/src/… is module firecracker::…
  int line;
};

class Log {
 public:
  void set_id(std::string id) { id_ = std::move(id); }
  /// A level that is not given becomes Info, whatever it was; the rest stays.
  Done update(const LoggerConfig& config);
  [[nodiscard]] bool shows(Level level) const noexcept { return level <= level_; }
  void operator()(const LogSite& site, std::string_view text);
  /// Lines that could not be written.
  [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }

 private:
  std::string id_ = "anonymous-instance";
  Level level_ = Level::Info;
  bool shows_level_ = false;
  bool shows_origin_ = false;
  std::string module_;
  UniqueFd file_;  ///< none: standard output
  std::uint64_t missed_ = 0;
};

}  // namespace microvm::standin
