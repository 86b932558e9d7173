#include "standin/json/utf8.h"

#include <array>

namespace microvm::standin::json {
namespace {

// The lead bytes of one length, and what may stand behind them first (Unicode 15, table 3-7); the rest is 80..BF.
struct Lead {
  unsigned char low, high;
  std::size_t length;
  unsigned char second_low, second_high;
};
constexpr std::array kLeads = {
    Lead{0xC2, 0xDF, 2, 0x80, 0xBF}, Lead{0xE0, 0xE0, 3, 0xA0, 0xBF}, Lead{0xE1, 0xEC, 3, 0x80, 0xBF},
    Lead{0xED, 0xED, 3, 0x80, 0x9F}, Lead{0xEE, 0xEF, 3, 0x80, 0xBF}, Lead{0xF0, 0xF0, 4, 0x90, 0xBF},
    Lead{0xF1, 0xF3, 4, 0x80, 0xBF}, Lead{0xF4, 0xF4, 4, 0x80, 0x8F},
};

const Lead* lead_of(unsigned char byte) noexcept {
  for (const Lead& lead : kLeads)
    if (byte >= lead.low && byte <= lead.high) return &lead;
  return nullptr;
}

}  // namespace

std::string Utf8Fault::text() const {
  const std::string at = " from index " + std::to_string(valid_up_to);
  if (length == 0) return "incomplete utf-8 byte sequence" + at;
  return "invalid utf-8 sequence of " + std::to_string(length) + " bytes" + at;
}

std::optional<Utf8Fault> utf8_fault(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    if (byte(i) < 0x80) {
      ++i;
      continue;
    }
    const Lead* lead = lead_of(byte(i));
    if (lead == nullptr) return Utf8Fault{i, 1};
    for (std::size_t k = 1; k < lead->length; ++k) {
      if (i + k == text.size()) return Utf8Fault{i, 0};
      const unsigned char low = k == 1 ? lead->second_low : 0x80;
      const unsigned char high = k == 1 ? lead->second_high : 0xBF;
      if (byte(i + k) < low || byte(i + k) > high) return Utf8Fault{i, k};
    }
    i += lead->length;
  }
  return std::nullopt;
}

std::string utf8_lossy(std::string_view text) {
  std::string out;
  while (const auto fault = utf8_fault(text)) {
    out.append(text.substr(0, fault->valid_up_to)).append("\xEF\xBF\xBD");
    if (fault->length == 0) return out;
    text.remove_prefix(fault->valid_up_to + fault->length);
  }
  return out.append(text);
}

}  // namespace microvm::standin::json
