// The VMM and the monitor.
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/base/unique_fd.h"
#include "host/doctor/checks.h"
#include "host/doctor/run_program.h"
#include "microvm/fcapi.h"

namespace microvm::doctor {
namespace {

using fcapi::Version;

constexpr Version kSupported{1, 14, 0};
constexpr std::array kVsockDies = {Version{1, 16, 0}, Version{1, 16, 1}};

// A program that can be run; what is wrong with it otherwise.
std::optional<Finding> unusable(const System& system, const std::string& path, std::string_view option) {
  const std::string advice = fmt::format("install it, or name it with {}", option);
  if (path.empty()) return Finding{Verdict::Fail, "not found", advice};
  struct stat about{};
  if (::stat(system.at(path).c_str(), &about) != 0)
    return Finding{Verdict::Fail, fmt::format("{}: {}", path, std::generic_category().message(errno)), advice};
  if (!S_ISREG(about.st_mode) || ::access(system.at(path).c_str(), X_OK) != 0)
    return Finding{Verdict::Fail, fmt::format("{} is no program that can be run", path), advice};
  return std::nullopt;
}

// The first word of the first line that looks like a version.
std::optional<Version> version_in(std::string_view output) {
  const auto lines = lines_of(output);
  if (lines.empty()) return std::nullopt;
  for (const std::string_view word : words_of(lines.front()))
    if (const auto version = fcapi::parse_version(word)) return version;
  return std::nullopt;
}

std::string text_of(Version version) { return fmt::format("{}.{}.{}", version.major, version.minor, version.patch); }

/// Who else could change the file, or put another one in its place.
std::string weak_link(const System& system, const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(system.at(path), error);
  if (error) return fmt::format("{}: {}", path, error.message());
  const std::filesystem::path root = std::filesystem::canonical(system.at("/"), error);
  for (std::filesystem::path here = real;; here = here.parent_path()) {
    struct stat about{};
    if (::stat(here.c_str(), &about) != 0) return fmt::format("{} cannot be seen", here.native());
    // In a sticky folder others cannot rename what is not theirs.
    const bool is_open = (about.st_mode & 022U) != 0 && !(S_ISDIR(about.st_mode) && (about.st_mode & S_ISVTX) != 0);
    if (is_open) return fmt::format("{} has mode {:04o}", here.native(), about.st_mode & 07777U);
    if (about.st_uid != 0 && about.st_uid != system.uid())
      return fmt::format("{} belongs to uid {}", here.native(), about.st_uid);
    if (here == root || here == here.parent_path()) return {};
  }
}

/// Whether the program needs a loader; nothing where it is no ELF file of 64 bits.
std::optional<bool> is_dynamic(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Elf64_Ehdr head{};
  if (::pread(file.get(), &head, sizeof head, 0) != ssize_t{sizeof head}) return std::nullopt;
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64) return std::nullopt;
  for (unsigned i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr segment{};
    const auto at = static_cast<off_t>(head.e_phoff + std::uint64_t{i} * sizeof segment);
    if (::pread(file.get(), &segment, sizeof segment, at) != ssize_t{sizeof segment}) return std::nullopt;
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

}  // namespace

Finding firecracker(const System& system) {
  const std::string& path = system.options().firecracker;
  if (auto finding = unusable(system, path, "--firecracker")) return *finding;
  const auto output = ask_version(system.at(path), system.options().timeout);
  if (!output) return {Verdict::Fail, fmt::format("{} --version: {}", path, output.error().message), "install another"};
  const auto version = version_in(*output);
  if (!version) return {Verdict::Fail, fmt::format("{} does not say its version", path), "name Firecracker's program"};
  const std::string seen = fmt::format("{} is {}", path, text_of(*version));
  if (*version < kSupported)
    return {Verdict::Warn, seen, fmt::format("install {} or later: older ones get no repairs", text_of(kSupported))};
  if (std::ranges::find(kVsockDies, *version) != kVsockDies.end())
    return {Verdict::Info, seen,
            "its vsock device stays dead after a pause; resume brings it back, a later version need not"};
  return {Verdict::Ok, seen};
}

Finding firecracker_owner(const System& system) {
  const std::string& path = system.options().firecracker;
  if (unusable(system, path, "")) return {Verdict::Info, "no program", "see the check firecracker"};
  const std::string weak = weak_link(system, path);
  if (weak.empty()) return {Verdict::Ok, "only its owner can change it"};
  return {system.uid() == 0 ? Verdict::Fail : Verdict::Warn, weak,
          "chown root, chmod go-w: whoever can replace the program runs as the one who starts VMs"};
}

Finding firecracker_linking(const System& system) {
  const std::string& path = system.options().firecracker;
  if (unusable(system, path, "")) return {Verdict::Info, "no program", "see the check firecracker"};
  const auto dynamic = is_dynamic(system.at(path));
  if (!dynamic)
    return {Verdict::Info, "no ELF program", "name Firecracker's program itself, not a script that runs it"};
  if (!*dynamic) return {Verdict::Ok, "static"};
  return {Verdict::Info, "dynamic", "take a released build: those are static, which a jail needs"};
}

Finding monitor(const System& system) {
  const std::string& path = system.options().monitor;
  if (auto finding = unusable(system, path, "--monitor")) return *finding;
  const auto output = ask_version(system.at(path), system.options().timeout);
  if (!output) return {Verdict::Fail, fmt::format("{} --version: {}", path, output.error().message), "install it anew"};
  const auto version = version_in(*output);
  const std::string seen = fmt::format("{} is {}", path, version ? text_of(*version) : "of no version that it tells");
  const std::string& wanted = system.options().version;
  if (wanted.empty() || version == fcapi::parse_version(wanted)) return {Verdict::Ok, seen};
  return {Verdict::Fail, seen, fmt::format("install that of {}: the two must be of one version", wanted)};
}

}  // namespace microvm::doctor
