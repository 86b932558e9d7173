#include "common/wire/json_out.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/fixed_text.h"
#include "common/wire/base64.h"

namespace microvm::wire {
namespace {

bool needs_escape(char c) noexcept { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

bool append_escape(Bytes& out, char c) noexcept {
  constexpr std::string_view kShort = "\"\"\\\\\bb\ff\nn\rr\tt";  // pairs: byte, letter
  for (std::size_t i = 0; i < kShort.size(); i += 2) {
    if (kShort[i] == c) return out.append("\\") && out.append(kShort.substr(i + 1, 1));
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  const std::array<char, 6> escape = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
  return out.append({escape.data(), escape.size()});
}

}  // namespace

bool append_json_string(Bytes& out, std::string_view text) noexcept {
  if (!out.append("\"")) return false;
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if(text, needs_escape) - text.begin());
    if (!out.append(text.substr(0, plain))) return false;
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (!append_escape(out, text.front())) return false;
    text.remove_prefix(1);
  }
  return out.append("\"");
}

JsonWriter::JsonWriter(Bytes& out) noexcept : out_(out), before_(out.size()) { raw("{"); }

// Names are those of the protocol, or keep to its rules for keys and secrets: none needs an escape.
void JsonWriter::name(std::string_view name) noexcept {
  if (!std::exchange(first_, false)) raw(",");
  if (name.empty()) return;
  raw("\"");
  raw(name);
  raw("\":");
}

JsonWriter& JsonWriter::text(std::string_view name_of, std::string_view value) noexcept {
  name(name_of);
  good_ = good_ && append_json_string(out_, value);
  return *this;
}

JsonWriter& JsonWriter::base64(std::string_view name_of, std::string_view bytes) noexcept {
  name(name_of);
  raw("\"");
  good_ = good_ && append_base64(out_, bytes);
  raw("\"");
  return *this;
}

JsonWriter& JsonWriter::number(std::string_view name_of, std::uint64_t value) noexcept {
  name(name_of);
  FixedText digits;
  digits << value;
  raw(digits.view());
  return *this;
}

JsonWriter& JsonWriter::flag(std::string_view name_of, bool value) noexcept {
  name(name_of);
  raw(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::null(std::string_view name_of) noexcept {
  name(name_of);
  raw("null");
  return *this;
}

JsonWriter& JsonWriter::begin(std::string_view name_of, std::string_view open) noexcept {
  name(name_of);
  raw(open);
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(std::string_view close) noexcept {
  raw(close);
  first_ = false;
  return *this;
}

bool JsonWriter::end() noexcept {
  raw("}\n");
  if (!good_) drop();
  return good_;
}

}  // namespace microvm::wire
