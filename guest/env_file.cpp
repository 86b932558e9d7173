#include "guest/env_file.h"

#include <algorithm>
#include <cstdint>

#include "common/wire/rules.h"

namespace microvm::guest {
namespace {

using wire::Entries;

bool append_line(Bytes& out, const Entries& env, Entries::Entry entry) noexcept {
  return env.value(entry).empty() || (out.append(env.line(entry)) && out.append("\n"));
}

std::size_t text_size(const Entries& env) noexcept {
  std::size_t size = 0;
  for (const Entries::Entry entry : env.all()) size += env.line(entry).size() + 1;
  return size;
}

}  // namespace

bool append_env_file(Bytes& out, const Entries& env) noexcept {
  // Reserved at once: growing would copy values about.
  return out.reserve(out.size() + text_size(env)) &&
         std::ranges::all_of(env.all(), [&](Entries::Entry entry) { return append_line(out, env, entry); });
}

bool append_merged_env_file(Bytes& out, const Entries& present, const Entries& over) noexcept {
  if (!out.reserve(out.size() + text_size(present) + text_size(over))) return false;
  auto below = present.all().begin();
  const auto below_end = present.all().end();
  for (const Entries::Entry entry : over.all()) {
    while (below != below_end && present.key(*below) < over.key(entry)) {
      if (!append_line(out, present, *below++)) return false;
    }
    if (below != below_end && present.key(*below) == over.key(entry)) ++below;
    if (!append_line(out, over, entry)) return false;
  }
  return std::all_of(below, below_end, [&](Entries::Entry entry) { return append_line(out, present, entry); });
}

std::optional<std::size_t> read_env_file(Bytes& bytes, Entries& into) noexcept {
  const std::string_view text = bytes.view();
  into.clear();
  into.set_base(bytes.data());
  std::size_t number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const std::size_t equals = line.find('=');
    const bool good = equals != line.npos && wire::env_key_rule(line.substr(0, equals)) == nullptr &&
                      wire::env_value_rule(line.substr(equals + 1)) == nullptr;
    if (!good) return number;
    if (!into.add({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)})) return std::nullopt;
    begin = end + 1;
  }
  into.settle();
  return 0;
}

}  // namespace microvm::guest
