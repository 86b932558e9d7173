// The user's terminal, where there is one.
#pragma once

#include <string>
#include <string_view>

namespace microvm::cli {

/// Colours may be written to `fd`: a terminal, and nobody is against it.
bool has_colors(int fd);

/// The name of a state or a verdict in its colour.
std::string colored(const std::string& word);

/// One line of what is going on, on standard error when that is a terminal and `wanted`; it goes when this does.
class Progress {
 public:
  explicit Progress(bool wanted);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::string_view text) const;
  void clear() const;

 private:
  bool shown_;
};

}  // namespace microvm::cli
