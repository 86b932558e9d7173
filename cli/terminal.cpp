#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/config.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

struct Color {
  std::string_view word;
  int code;
};

constexpr Color kColors[] = {{"running", 32}, {"paused", 33}, {"stopping", 33}, {"failed", 31},
                             {"ok", 32},      {"warn", 33},   {"fail", 31}};

}  // namespace

bool has_colors(int fd) { return ::isatty(fd) == 1 && colors_are_wanted(); }

std::string colored(const std::string& word) {
  for (const Color& color : kColors) {
    if (color.word == word) return fmt::format("\033[{}m{}\033[0m", color.code, word);
  }
  return word;
}

Progress::Progress(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::string_view text) const {
  if (shown_) std::fputs(fmt::format("\r\033[K{} ...", printable(text, 120)).c_str(), stderr);
}

void Progress::clear() const {
  if (shown_) std::fputs("\r\033[K", stderr);
}

}  // namespace microvm::cli
