#include "tests/standin/fixtures.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <filesystem>

#include "tests/support/files.h"
#include "tests/support/line_client.h"

namespace microvm::test {
namespace {

constexpr std::size_t kChecksumSize = 8;

template <class T>
std::string bytes_of(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

// A guest of two bytes that spins; what counts is that the headers are those of a kernel.
std::string kernel() {
  constexpr std::uint64_t kEntry = 0x100'0000;
  const std::string code = "\xeb\xfe";
  const std::size_t size = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + code.size();
  Elf64_Ehdr head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = ELFCLASS64;
  head.e_ident[EI_DATA] = ELFDATA2LSB;
  head.e_ident[EI_VERSION] = EV_CURRENT;
  head.e_type = ET_EXEC;
  head.e_machine = EM_X86_64;
  head.e_version = EV_CURRENT;
  head.e_entry = kEntry + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  head.e_phoff = sizeof(Elf64_Ehdr);
  head.e_ehsize = sizeof(Elf64_Ehdr);
  head.e_phentsize = sizeof(Elf64_Phdr);
  head.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_vaddr = segment.p_paddr = kEntry;
  segment.p_filesz = segment.p_memsz = size;
  segment.p_align = 0x1000;
  return bytes_of(head) + bytes_of(segment) + code;
}

void make_sparse(const std::string& path, std::uintmax_t size) {
  write_file(path, "");
  std::filesystem::resize_file(path, size);
}

// CRC-64/Jones, as the state file has it.
std::string checksum(std::string_view bytes) {
  std::uint64_t crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x95AC'9329'AC4B'C9B5 : 0);
  }
  return bytes_of(crc);
}

std::string with_right_checksum(std::string state) {
  state.resize(state.size() - kChecksumSize);
  return state + checksum(state);
}

bool is_of_snapshot(const std::string& name) { return name.starts_with("snap") || name.starts_with("mem"); }

}  // namespace

void refill(const std::string& dir, bool keep_snapshots) {
  for (const std::string& name : names_in(dir))
    if (!keep_snapshots || !is_of_snapshot(name)) std::filesystem::remove_all(dir + "/" + name);
  write_file(dir + "/vmlinux", kernel());
  std::string text;
  for (int i = 0; i < 10; ++i) text += "this is not a kernel\n";
  write_file(dir + "/notelf", text);
  write_file(dir + "/initrd.img", "070701" + std::string(506, '0'));
  write_file(dir + "/empty.img", "");
  make_sparse(dir + "/shortmem", 1U << 20U);
  make_sparse(dir + "/rootfs.ext4", 4U << 20U);
  make_sparse(dir + "/data.img", 2U << 20U);
  make_sparse(dir + "/pmem.img", 2U << 20U);
}

void make_stale_socket(const std::string& path) {
  std::filesystem::remove(path);
  listen_unix(path).reset();
}

std::string with_inverted_middle(std::string state) {
  char& byte = state.at(state.size() / 2);
  byte = static_cast<char>(~byte);
  return state;
}

std::string with_version(std::string state, std::string_view version) {
  constexpr std::size_t kLengthAt = 9;
  const auto length = static_cast<unsigned char>(state.at(kLengthAt));
  state.replace(kLengthAt, 1U + length, static_cast<char>(version.size()) + std::string(version));
  return with_right_checksum(std::move(state));
}

std::string with_magic_changed(std::string state) {
  state.at(8) = '\x08';
  return with_right_checksum(std::move(state));
}

}  // namespace microvm::test
