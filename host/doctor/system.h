// The host as the checks see it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "microvm/doctor.h"

namespace microvm::doctor {

struct Finding {
  Verdict verdict = Verdict::Ok;
  std::string seen{};
  std::string advice{};
};

struct KernelVersion {
  unsigned major = 0, minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};

class System {
 public:
  explicit System(const DoctorOptions& options) : options_(options) {}

  [[nodiscard]] const DoctorOptions& options() const noexcept { return options_; }
  [[nodiscard]] uid_t uid() const noexcept;
  /// The path below the root.
  [[nodiscard]] std::string at(std::string_view path) const { return options_.root + std::string(path); }
  /// What the file holds, without blanks at its end; nothing where it cannot be read. Of long ones the first MiB.
  [[nodiscard]] std::optional<std::string> text(std::string_view path) const;
  /// Its lines; none where it cannot be read.
  [[nodiscard]] std::vector<std::string> lines(std::string_view path) const;
  /// Names in a folder, sorted.
  [[nodiscard]] std::vector<std::string> names(std::string_view path) const;
  /// Nothing when /proc does not say.
  [[nodiscard]] std::optional<KernelVersion> kernel() const;
  /// The nearest folder that exists, `path` itself or above it, with symbolic links resolved.
  [[nodiscard]] std::string existing(std::string_view path) const;

 private:
  const DoctorOptions& options_;
};

/// Both point into the text.
std::vector<std::string_view> lines_of(std::string_view text);
std::vector<std::string_view> words_of(std::string_view line);

}  // namespace microvm::doctor
