#include "standin/model/cpu_template.h"

#include <array>
#include <charconv>

namespace microvm::standin {
namespace {

using json::member;
using json::Presence;
using Why = std::optional<std::string>;

// What the integer parser of Firecracker's language says; nothing when the text is a number.
std::optional<std::string_view> number_fault(std::string_view digits, int base, std::string_view* kind) {
  const auto say = [kind](std::string_view name, std::string_view text) {
    *kind = name;
    return text;
  };
  if (digits.empty()) return say("Empty", "cannot parse integer from empty string");
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error == std::errc::result_out_of_range) return say("PosOverflow", "number too large to fit in target type");
  if (error != std::errc() || end != digits.data() + digits.size())
    return say("InvalidDigit", "invalid digit found in string");
  return std::nullopt;
}

Why capability(std::string& text) {
  const std::string_view digits = std::string_view(text).substr(text.starts_with('!') ? 1 : 0);
  std::string_view kind;
  const auto fault = number_fault(digits, 10, &kind);
  if (!fault) return std::nullopt;
  return "Failed to parse string [" + text +
         "] as a kvm capability - can not convert to numeric: " + std::string(*fault);
}

Why prefixed_number(std::string& text) {
  if (!text.starts_with("0b") && !text.starts_with("0x"))
    return "No supported number system prefix found in value [" + text +
           "]. Make sure to prefix the number with '0x' for hexadecimal numbers or '0b' for binary numbers.";
  std::string_view kind;
  if (!number_fault(std::string_view(text).substr(2), text[1] == 'b' ? 2 : 16, &kind)) return std::nullopt;
  return "Failed to parse string [" + text +
         "] as a number for CPU template - ParseIntError { kind: " + std::string(kind) + " }";
}

Why cpuid_register(std::string& text) {
  if (text == "eax" || text == "ebx" || text == "ecx" || text == "edx") return std::nullopt;
  return "Invalid CPUID register. Must be one of [eax, ebx, ecx, edx]";
}

Why bitmap(const std::string& text, std::size_t bits) {
  const std::string_view digits = std::string_view(text).substr(text.starts_with("0b") ? 2 : 0);
  std::size_t count = 0;
  for (auto c = digits.rbegin(); c != digits.rend(); ++c) {
    if (count == bits) return "Failed to parse string [" + text + "] as a bitmap - string is too long";
    if (*c == '_') continue;
    if (*c != 'x' && *c != '0' && *c != '1')
      return "Failed to parse string [" + text +
             "] as a bitmap - unknown character: " + std::to_string(static_cast<unsigned char>(*c));
    ++count;
  }
  return std::nullopt;
}

Why bitmap32(std::string& text) { return bitmap(text, 32); }
Why bitmap64(std::string& text) { return bitmap(text, 64); }

constexpr std::array kCpuidRegister = {
    member<&CpuidRegister::name>("register"),
    member<&CpuidRegister::bitmap>("bitmap"),
};
constexpr std::array kCpuidLeaf = {
    member<&CpuidLeaf::leaf>("leaf"),
    member<&CpuidLeaf::subleaf>("subleaf"),
    member<&CpuidLeaf::flags>("flags"),
    member<&CpuidLeaf::modifiers>("modifiers"),
};
constexpr std::array kMsrModifier = {
    member<&MsrModifier::addr>("addr"),
    member<&MsrModifier::bitmap>("bitmap"),
};
constexpr std::array kCustomCpuTemplate = {
    member<&CustomCpuTemplate::kvm_capabilities>("kvm_capabilities", Presence::Default),
    member<&CustomCpuTemplate::cpuid_modifiers>("cpuid_modifiers", Presence::Default),
    member<&CustomCpuTemplate::msr_modifiers>("msr_modifiers", Presence::Default),
};
constexpr json::Object kCpuidRegisterObject{"CpuidRegisterModifier", kCpuidRegister, true};
constexpr json::Object kCpuidLeafObject{"CpuidLeafModifier", kCpuidLeaf, true};
constexpr json::Object kMsrModifierObject{"RegisterModifier", kMsrModifier, true};
constexpr json::Object kCustomCpuTemplateObject{"CustomCpuTemplate", kCustomCpuTemplate};

}  // namespace

const json::TextRule kCapabilityRule = {"a string", capability};
const json::TextRule kNumberRule = {"a string", prefixed_number};
const json::TextRule kRegisterRule = {"a string", cpuid_register};
const json::TextRule kBitmap32Rule = {"a string", bitmap32};
const json::TextRule kBitmap64Rule = {"a string", bitmap64};

const json::Object& describe(const CpuidRegister* /*type*/) { return kCpuidRegisterObject; }
const json::Object& describe(const CpuidLeaf* /*type*/) { return kCpuidLeafObject; }
const json::Object& describe(const MsrModifier* /*type*/) { return kMsrModifierObject; }
const json::Object& describe(const CustomCpuTemplate* /*type*/) { return kCustomCpuTemplateObject; }

}  // namespace microvm::standin
