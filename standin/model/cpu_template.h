// A processor template of one's own: which KVM capabilities, CPUID leaves and MSRs a guest sees.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "standin/model/text_rules.h"

namespace microvm::standin {

extern const json::TextRule kCapabilityRule;  ///< "171", or "!171" to do without it
extern const json::TextRule kNumberRule;      ///< "0x1f" or "0b11"
extern const json::TextRule kRegisterRule;    ///< "eax" to "edx"
extern const json::TextRule kBitmap32Rule;    ///< "0bxxxx01"
extern const json::TextRule kBitmap64Rule;

struct CpuidRegister {
  json::Checked<kRegisterRule> name;
  json::Checked<kBitmap32Rule> bitmap;
};
struct CpuidLeaf {
  json::Checked<kNumberRule> leaf;
  json::Checked<kNumberRule> subleaf;
  std::uint32_t flags = 0;
  std::vector<CpuidRegister> modifiers;
};
struct MsrModifier {
  json::Checked<kNumberRule> addr;
  json::Checked<kBitmap64Rule> bitmap;
};
struct CustomCpuTemplate {
  std::vector<json::Checked<kCapabilityRule>> kvm_capabilities;
  std::vector<CpuidLeaf> cpuid_modifiers;
  std::vector<MsrModifier> msr_modifiers;
};

const json::Object& describe(const CpuidRegister*);
const json::Object& describe(const CpuidLeaf*);
const json::Object& describe(const MsrModifier*);
const json::Object& describe(const CustomCpuTemplate*);

}  // namespace microvm::standin
