#include "common/base/fixed_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace microvm {

FixedText& FixedText::operator<<(std::string_view text) noexcept {
  const std::size_t n = std::min(text.size(), kCapacity - size_);
  std::copy_n(text.data(), n, text_.data() + size_);
  size_ += n;
  return *this;
}

FixedText& FixedText::operator<<(std::uint64_t number) noexcept {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return *this << std::string_view(digits.data(), end);
}

FixedText& FixedText::quoted(std::string_view name) noexcept {
  *this << "\"";
  for (const char c : name.substr(0, kMaxQuoted)) {
    const char shown = c >= ' ' && c <= '~' ? c : '?';
    *this << std::string_view(&shown, 1);
  }
  return *this << (name.size() > kMaxQuoted ? "…\"" : "\"");
}

FixedText& FixedText::errno_text(int sys_errno) noexcept {
  // strerror() is safe here: the daemon has one thread and the texts are constant in musl.
  return *this << ": " << std::string_view(std::strerror(sys_errno));
}

}  // namespace microvm
