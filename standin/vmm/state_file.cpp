#include "standin/vmm/state_file.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>

#include "standin/vmm/files.h"

// Byte 0 is zero. Then: the magic (8 bytes), the length of the version (1 byte), the version; of the content the length
// of the configuration (4 bytes), the configuration, "P" or "M" for the bus, the length of the backend's part (4
// bytes), that part; CRC-64/Jones (8 bytes). All numbers are little-endian.
namespace microvm::standin {
namespace {

constexpr std::uint64_t kMagic = 0x0710'1984'8664'0000;
constexpr std::size_t kMostBytes = 10'000'000;
constexpr std::size_t kChecksumSize = 8;

template <class T>
void put(std::string& out, T number) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &number, sizeof number);
  out.append(bytes.data(), bytes.size());
}

// Takes from the front; nothing once the text was too short.
class Cut {
 public:
  explicit Cut(std::string_view text) : rest_(text) {}
  std::string_view take(std::size_t n) {
    if (n > rest_.size()) return fail();
    const std::string_view part = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return part;
  }
  template <class T>
  T number() {
    const std::string_view bytes = take(sizeof(T));
    T value = 0;
    if (good_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string_view fail() {
    good_ = false;
    return {};
  }
  std::string_view rest_;
  bool good_ = true;
};

std::uint64_t checksum(std::string_view bytes) noexcept {
  constexpr std::uint64_t kReflected = 0x95AC'9329'AC4B'C9B5;
  std::uint64_t crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflected : 0);
  }
  return crc;
}

struct Version {
  std::array<std::uint64_t, 3> parts{};
};

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < version.parts.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, version.parts[i]);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional(version) : std::nullopt;
}

struct Frame {
  std::uint64_t magic = 0;
  std::string version;
  std::string_view config;
  std::string_view bus;
  std::string_view backend;
};

std::unexpected<Fault> unreadable() {
  return refuse("Bitcode(Error(\"bitcode error\"))", "An error occurred during bitcode serialization: bitcode error");
}

Result<Frame> parse(std::string_view content) {
  Cut cut(content);
  Frame frame;
  const auto first = cut.number<std::uint8_t>();
  frame.magic = cut.number<std::uint64_t>();
  frame.version = cut.take(cut.number<std::uint8_t>());
  frame.config = cut.take(cut.number<std::uint32_t>());
  frame.bus = cut.take(1);
  frame.backend = cut.take(cut.number<std::uint32_t>());
  if (!cut.good() || !cut.at_end() || first != 0 || !parse_version(frame.version)) return unreadable();
  return frame;
}

Result<SavedState> decode(const Frame& frame) {
  SavedState state{{}, frame.bus == "P", std::string(frame.backend)};
  json::Reader in(frame.config);
  if (!json::read(in, state.config) || !in.end() || !state.config.machine_config) return unreadable();
  return state;
}

Result<std::string> read_checked_size(int file) {
  auto bytes = read_all(file, kMostBytes);
  if (!bytes) return refuse_in(bytes, "Io", "IO Error: ");
  if (bytes->size() < kChecksumSize)
    return refuse("Io(Custom { kind: UnexpectedEof, error: \"File too short to contain CRC\" })",
                  "IO Error: File too short to contain CRC");
  return bytes;
}

std::string_view without_checksum(std::string_view bytes) { return bytes.substr(0, bytes.size() - kChecksumSize); }

}  // namespace

std::string to_state_file(const SavedState& state) {
  std::string out(1, '\0');
  put(out, kMagic);
  put(out, static_cast<std::uint8_t>(kSnapshotVersion.size()));
  out += kSnapshotVersion;
  const std::string config = json::to_json(state.config);
  put(out, static_cast<std::uint32_t>(config.size()));
  out += config;
  out += state.pci_enabled ? 'P' : 'M';
  put(out, static_cast<std::uint32_t>(state.backend.size()));
  out += state.backend;
  put(out, checksum(out));
  return out;
}

Result<SavedState> load_state_file(int file) {
  auto bytes = read_checked_size(file);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  auto frame = parse(without_checksum(*bytes));
  if (!frame) return std::unexpected(std::move(frame.error()));
  if (frame->magic != kMagic)
    return refuse("InvalidMagic(" + std::to_string(frame->magic) + ")",
                  "Magic value does not match arch: " + std::to_string(frame->magic));
  const auto own = parse_version(kSnapshotVersion)->parts;
  const auto version = parse_version(frame->version)->parts;
  if (version[0] != own[0] || version[1] > own[1])
    return refuse("InvalidFormatVersion(" + frame->version + ")", "Invalid data version: " + frame->version);
  // The checksum of a text and its checksum is 0.
  if (checksum(*bytes) != 0) return refuse("Crc64", "CRC64 validation failed");
  return decode(*frame);
}

Result<std::string> state_file_version(int file) {
  auto bytes = read_checked_size(file);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  auto frame = parse(without_checksum(*bytes));
  if (!frame) return std::unexpected(std::move(frame.error()));
  return std::move(frame->version);
}

}  // namespace microvm::standin
