#include "standin/vmm/kernel_image.h"

#include <elf.h>
#include <unistd.h>

#include <cstring>

namespace microvm::standin {
namespace {

std::unexpected<Fault> refuse_elf(std::string_view variant, std::string_view text) {
  return refuse("Elf(" + std::string(variant) + ")",
                "Kernel Loader: failed to load ELF kernel image: Kernel Loader: " + std::string(text));
}

template <class T>
bool read_at(int file, std::uint64_t at, T& into) noexcept {
  return ::pread(file, &into, sizeof into, static_cast<off_t>(at)) == static_cast<ssize_t>(sizeof into);
}

}  // namespace

Done check_kernel_image(int file, std::uint64_t memory_bytes) {
  constexpr std::uint64_t kOneMib = 1 << 20;
  Elf64_Ehdr head{};
  if (!read_at(file, 0, head)) return refuse_elf("ReadElfHeader", "Unable to read elf header");
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
    return refuse_elf("InvalidElfMagicNumber", "Invalid Elf magic number");
  if (head.e_ident[EI_DATA] != ELFDATA2LSB) return refuse_elf("BigEndianElfOnLittle", "Unable to read elf header");
  if (head.e_phentsize != sizeof(Elf64_Phdr))
    return refuse_elf("InvalidProgramHeaderSize", "Invalid program header size");
  if (head.e_phoff < sizeof head) return refuse_elf("InvalidProgramHeaderOffset", "Invalid program header offset");
  if (head.e_entry < kOneMib) return refuse_elf("InvalidEntryAddress", "Invalid entry address found in ELF header");
  for (unsigned i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr part{};
    if (!read_at(file, head.e_phoff + i * sizeof part, part))
      return refuse_elf("ReadProgramHeader", "Unable to read program header");
    if (part.p_type != PT_LOAD || part.p_filesz == 0) continue;
    if (part.p_paddr > memory_bytes || part.p_filesz > memory_bytes - part.p_paddr)
      return refuse_elf("ReadKernelImage", "Unable to read kernel image");
  }
  return {};
}

}  // namespace microvm::standin
