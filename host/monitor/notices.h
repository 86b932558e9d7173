// `notice` and the events of a VM: what others shall hear, said once, also when another monitor goes on.
#pragma once

#include <string>
#include <string_view>

#include "host/monitor/directories.h"
#include "host/monitor/options.h"
#include "host/monitor/streams.h"

namespace microvm::monitor {

class Notices {
 public:
  Notices(const Options& options, Directory& run);

  /// Reads what has been said; answers it.
  Signs restore();
  /// Says what is new; whether there was anything.
  bool tell(const Signs& signs);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  void event(const char* what, std::string_view detail) const;

 private:
  void add(std::string line);

  std::string id_, events_;
  Directory& run_;
  std::string text_;
  bool panic_ = false, powered_off_ = false;
};

}  // namespace microvm::monitor
