#include "common/base/fixed_text.h"

#include <charconv>
#include <cstring>

namespace microvm {

FixedText& FixedText::operator<<(std::string_view text) noexcept {
  for (const char c : text.substr(0, kCapacity - size_)) text_[size_++] = c >= ' ' && c <= '~' ? c : '?';
  return *this;
}

FixedText& FixedText::operator<<(std::uint64_t number) noexcept {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return *this << std::string_view(digits.data(), end);
}

FixedText& FixedText::quoted(std::string_view name) noexcept {
  return *this << "\"" << name.substr(0, kMaxQuoted) << (name.size() > kMaxQuoted ? "...\"" : "\"");
}

FixedText& FixedText::errno_text(int sys_errno) noexcept {
  // strerror() is safe here: the daemon has one thread and the texts are constant in musl.
  return *this << ": " << std::string_view(std::strerror(sys_errno));
}

}  // namespace microvm
