#include "standin/qemu/boot.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace microvm::standin::qemu {
namespace {

// The kernel splits at spaces that are not in double quotes, so such a word is only taken where it stands alone.
std::string without_word(std::string_view line, std::string_view word) {
  std::string out;
  bool quoted = false;
  for (std::size_t at = 0; at < line.size();) {
    const bool begins = !quoted && (at == 0 || line[at - 1] == ' ');
    const bool ends = at + word.size() >= line.size() || line[at + word.size()] == ' ';
    if (begins && ends && line.substr(at, word.size()) == word) {
      at += std::min(word.size() + 1, line.size() - at);
      continue;
    }
    quoted ^= line[at] == '"';
    out += line[at++];
  }
  while (out.ends_with(' ') && !line.ends_with(' ')) out.pop_back();
  return out;
}

std::string root_words(const Guest& guest) {
  for (const DriveDevice& drive : guest.drives) {
    if (!drive.config.is_root()) continue;
    const std::string access = drive.config.is_read_only.value_or(false) ? " ro" : " rw";
    return (drive.config.partuuid ? "root=PARTUUID=" + *drive.config.partuuid : "root=/dev/vda") + access;
  }
  for (std::size_t i = 0; i < guest.pmem.size(); ++i)
    if (guest.pmem[i].is_root())
      return "root=/dev/pmem" + std::to_string(i) + (guest.pmem[i].read_only ? " ro" : " rw");
  return "";
}

// The notes of one segment: a name and a type each, and what they say.
bool has_pvh_note(std::string_view notes) {
  constexpr std::uint32_t kPhys32Entry = 18;
  const auto padded = [](std::uint32_t size) { return (std::size_t{size} + 3) & ~std::size_t{3}; };
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr head{};
    std::memcpy(&head, notes.data(), sizeof head);
    notes.remove_prefix(sizeof head);
    if (head.n_type == kPhys32Entry && notes.starts_with(std::string_view("Xen", 4))) return true;
    notes.remove_prefix(std::min(notes.size(), padded(head.n_namesz) + padded(head.n_descsz)));
  }
  return false;
}

}  // namespace

std::string kernel_words(const Guest& guest) {
  std::string line = without_word(guest.boot_source.boot_args.value_or(std::string(kDefaultBootArgs)), "pci=off");
  if (const std::string root = root_words(guest); !root.empty()) line += (line.empty() ? "" : " ") + root;
  return line;
}

Done check_kernel_entry(int kernel) {
  constexpr std::size_t kMostNotes = 1 << 20;
  Elf64_Ehdr head{};
  Elf64_Phdr part{};
  const auto read_at = [kernel](std::uint64_t at, void* into, std::size_t n) {
    return ::pread(kernel, into, n, static_cast<off_t>(at)) == static_cast<ssize_t>(n);
  };
  for (unsigned i = 0; read_at(0, &head, sizeof head) && i < head.e_phnum; ++i) {
    if (!read_at(head.e_phoff + i * sizeof part, &part, sizeof part)) break;
    if (part.p_type != PT_NOTE || part.p_filesz > kMostNotes) continue;
    std::string notes(part.p_filesz, '\0');
    if (read_at(part.p_offset, notes.data(), notes.size()) && has_pvh_note(notes)) return {};
  }
  return std::unexpected(
      Fault{"QEMU cannot start this kernel: it has no PVH entry point (a note that CONFIG_PVH gives it)", "NoPvhNote"}
          .in("KernelLoader", "Cannot load kernel due to invalid memory configuration or invalid kernel image: ")
          .in("ConfigureSystem", "System configuration error: "));
}

}  // namespace microvm::standin::qemu
