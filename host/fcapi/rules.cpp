// What the VMM would refuse, or silently take for something else.
#include "host/fcapi/rules.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace microvm::fcapi {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_word(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_sized(const std::string& text, std::size_t most) noexcept {
  return !text.empty() && text.size() <= most && text.find('\0') == text.npos;
}

// Takes a number of at most `most` off the front; no sign, no leading zero.
bool take_octet(std::string_view& text, unsigned least, unsigned most) noexcept {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || number < least || number > most || (text[0] == '0' && length > 1)) return false;
  text.remove_prefix(length);
  return true;
}

}  // namespace

std::string id(const std::string& text) {
  const bool is_good = is_sized(text, kMaxId) && std::ranges::all_of(text, is_word);
  return is_good ? "" : fmt::format("must be 1 to {} letters, digits and underscores", kMaxId);
}

std::string ids(const std::vector<std::string>& texts) {
  if (texts.empty()) return "must name at least one";
  for (const std::string& text : texts)
    if (std::string rule = id(text); !rule.empty()) return rule;
  return {};
}

std::string path(const std::string& text) {
  return is_sized(text, kMaxPath) ? "" : fmt::format("must be a path of 1 to {} bytes", kMaxPath);
}

std::string socket_path(const std::string& text) {
  return is_sized(text, kMaxSocketPath) ? "" : fmt::format("must be a socket's path of 1 to {} bytes", kMaxSocketPath);
}

std::string device_name(const std::string& text) {
  const bool is_good =
      is_sized(text, kMaxDeviceName) && text != "." && text != ".." && text.find_first_of("/: \t\n\v\f\r") == text.npos;
  return is_good ? "" : fmt::format("must be a network device's name of 1 to {} bytes", kMaxDeviceName);
}

std::string mac(const std::string& text) {
  bool is_good = text.size() == 17;
  for (std::size_t i = 0; is_good && i < text.size(); ++i) is_good = i % 3 == 2 ? text[i] == ':' : is_hex(text[i]);
  return is_good ? "" : "must be a MAC address: six pairs of hex digits and colons";
}

std::string link_local(const std::string& text) {
  constexpr std::string_view kNet = "169.254.";
  std::string_view rest = text;
  bool is_good = rest.starts_with(kNet);
  if (is_good) rest.remove_prefix(kNet.size());
  is_good = is_good && take_octet(rest, 1, 254) && rest.starts_with('.');
  if (is_good) rest.remove_prefix(1);
  is_good = is_good && take_octet(rest, 0, 255) && rest.empty();
  return is_good ? "" : "must be a link-local address, 169.254.1.0 to 169.254.254.255";
}

std::string boot_args(const std::string& text) {
  const bool is_good = text.empty() || is_sized(text, kMaxBootArgs);
  return is_good ? "" : fmt::format("must be at most {} bytes, none of them NUL", kMaxBootArgs);
}

std::string capabilities(const std::vector<std::string>& texts) {
  const bool is_good = std::ranges::all_of(texts, [](std::string_view text) {
    if (text.starts_with('!')) text.remove_prefix(1);
    return !text.empty() && text.size() <= 10 && std::ranges::all_of(text, is_digit);
  });
  return is_good ? "" : "must be numbers, those to be removed behind a '!'";
}

std::string number_text(const std::string& text) {
  const bool hex = text.starts_with("0x"), binary = text.starts_with("0b");
  const std::string_view digits = std::string_view(text).substr(hex || binary ? 2 : 0);
  const bool is_good = !digits.empty() && (hex      ? std::ranges::all_of(digits, is_hex)
                                           : binary ? digits.find_first_not_of("01") == digits.npos
                                                    : std::ranges::all_of(digits, is_digit));
  return is_good ? "" : "must be a number: decimal, 0x and hex digits, or 0b and binary ones";
}

// As the VMM takes them: "0b" may be left out, and underscores may stand anywhere behind it.
bool is_bitmap(std::string_view text, std::size_t width) {
  if (text.starts_with("0b")) text.remove_prefix(2);
  const auto separators = static_cast<std::size_t>(std::ranges::count(text, '_'));
  return text.size() - separators <= width && text.find_first_not_of("01x_") == text.npos;
}

std::string machine(const MachineConfig& config) {
  if (config.smt.value_or(false) && config.vcpu_count != 1 && config.vcpu_count % 2 != 0)
    return "vcpu_count must be 1 or even with smt";
  if (config.huge_pages.value_or(HugePages::None) != HugePages::None && config.mem_size_mib % 2 != 0)
    return "mem_size_mib must be even with huge_pages";
  return {};
}

std::string machine_patch(const MachineConfigPatch& patch) {
  const bool is_empty = !patch.vcpu_count && !patch.mem_size_mib && !patch.smt && !patch.track_dirty_pages &&
                        !patch.huge_pages && !patch.cpu_template;
  return is_empty ? "must change something" : "";
}

std::string drive(const Drive& drive) {
  if (drive.path_on_host.has_value() == drive.socket.has_value())
    return "must have one of path_on_host (a file) and socket (vhost-user)";
  if (drive.socket && (drive.is_read_only || drive.rate_limiter || drive.io_engine))
    return "must not have is_read_only, rate_limiter or io_engine beside socket (vhost-user)";
  return {};
}

std::string vsock(const Vsock& vsock) {
  const std::string rule = vsock.uds_path.empty() ? socket_path(vsock.uds_path) : "";
  return rule.empty() ? "" : "uds_path " + rule;
}

std::string memory_hotplug(const MemoryHotplug& config) {
  const std::uint64_t slot = config.slot_size_mib.value_or(128), block = config.block_size_mib.value_or(2);
  if (block < 2 || !std::has_single_bit(block)) return "block_size_mib must be a power of 2 from 2 on";
  if (slot < 128 || slot % block != 0) return "slot_size_mib must be a multiple of block_size_mib from 128 on";
  if (config.total_size_mib < slot || config.total_size_mib % slot != 0)
    return "total_size_mib must be a multiple of slot_size_mib";
  return {};
}

std::string memory_backend(const MemoryBackend& backend) {
  return backend.backend_type == BackendType::Uffd ? socket_path(backend.backend_path) : path(backend.backend_path);
}

std::string snapshot_load(const SnapshotLoad& load) {
  if (load.mem_backend.has_value() == load.mem_file_path.has_value())
    return "must have one of mem_backend and mem_file_path";
  const bool is_uffd = load.mem_backend && load.mem_backend->backend_type == BackendType::Uffd;
  if (load.huge_pages == RestoredHugePages::TwoMib && !is_uffd) return "huge_pages \"2M\" must have a Uffd mem_backend";
  return {};
}

}  // namespace microvm::fcapi
