#include "common/posix/hidden_name.h"

#include <algorithm>

namespace microvm::posix {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

HiddenName::HiddenName(std::string_view prefix, std::uint64_t id) noexcept {
  prefix = prefix.substr(0, kMaxPrefix);
  char* to = std::copy(prefix.begin(), prefix.end(), text_.data());
  for (std::size_t i = 0; i < kDigits; ++i) *to++ = kHex[id >> (60 - 4 * i) & 15];
}

bool HiddenName::matches(std::string_view prefix, std::string_view name) noexcept {
  return name.size() == prefix.size() + kDigits && name.starts_with(prefix) &&
         name.find_first_not_of(kHex, prefix.size()) == name.npos;
}

}  // namespace microvm::posix
