// One D-Bus message, spoken to systemd itself: its private socket needs no bus, and this program no library of one.
#include "host/monitor/scope.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/posix/unix_address.h"

namespace microvm::monitor {
namespace {

// Little-endian, each value aligned to its size as the specification has it.
class Message {
 public:
  void align(std::size_t to) { bytes_.append((to - bytes_.size() % to) % to, '\0'); }
  void byte(unsigned char value) { bytes_ += static_cast<char>(value); }
  void number(std::uint32_t value) {
    align(4);
    for (unsigned shift = 0; shift < 32; shift += 8) byte(static_cast<unsigned char>(value >> shift));
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    (bytes_ += value) += '\0';
  }
  void signature(std::string_view value) {
    byte(static_cast<unsigned char>(value.size()));
    (bytes_ += value) += '\0';
  }
  /// An array of things of that alignment; its length, which does not count the padding before the first, is filled in.
  template <class Fill>
  void array(std::size_t alignment, Fill fill) {
    number(0);
    const std::size_t length_at = bytes_.size() - 4;
    align(alignment);
    const std::size_t begin = bytes_.size();
    fill();
    patch(length_at, static_cast<std::uint32_t>(bytes_.size() - begin));
  }
  void patch(std::size_t at, std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) bytes_[at + i] = static_cast<char>(value >> (8 * i));
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

void write_body(Message& out, std::string_view id, std::span<const int> pids) {
  // A VM that gets another monitor gets another scope.
  out.text((((std::string("microvm-") += id) += '-') += std::to_string(pids.front())) += ".scope");
  out.text("fail");
  out.array(8, [&] {
    out.align(8);
    out.text("PIDs");
    out.signature("au");
    out.array(4, [&] {
      for (const int pid : pids) out.number(static_cast<std::uint32_t>(pid));
    });
    out.align(8);
    out.text("CollectMode");
    out.signature("s");
    out.text("inactive-or-failed");
  });
  out.array(8, [] {});
}

// A field of the header: a number, and a variant.
template <class Value>
void write_field(Message& out, unsigned char field, std::string_view type, Value value) {
  out.align(8);
  out.byte(field);
  out.signature(type);
  value();
}

std::string method_call(std::string_view id, std::span<const int> pids) {
  Message body;
  write_body(body, id, pids);
  Message out;
  constexpr unsigned char kMethodCall = 1, kVersion = 1;
  out.byte('l');
  out.byte(kMethodCall);
  out.byte(0);
  out.byte(kVersion);
  out.number(static_cast<std::uint32_t>(body.size()));
  out.number(1);  // the first message of this connection
  const auto text_field = [&out](unsigned char field, std::string_view type, std::string_view value) {
    write_field(out, field, type, [&] { out.text(value); });
  };
  out.array(8, [&] {
    text_field(1, "o", "/org/freedesktop/systemd1");
    text_field(2, "s", "org.freedesktop.systemd1.Manager");
    text_field(3, "s", "StartTransientUnit");
    text_field(6, "s", "org.freedesktop.systemd1");
    write_field(out, 8, "g", [&] { out.signature("ssa(sv)a(sa(sv))"); });
  });
  out.align(8);
  return std::move(out.bytes()) += body.bytes();
}

std::string hex(unsigned number) {
  std::string text;
  for (const char digit : std::to_string(number)) (text += '3') += digit;  // '0' is 0x30
  return text;
}

UniqueFd dial(const std::string& path) noexcept {
  const auto address = posix::unix_address(path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!address || !fd.valid()) return {};
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) return {};
  return fd;
}

}  // namespace

std::string scope_request(std::string_view id, std::span<const int> pids, unsigned uid) {
  std::string bytes(1, '\0');
  ((bytes += "AUTH EXTERNAL ") += hex(uid)) += "\r\nBEGIN\r\n";
  return bytes += method_call(id, pids);
}

UniqueFd ask_for_scope(std::string_view id, std::span<const int> pids) noexcept {
  const uid_t uid = ::geteuid();
  UniqueFd fd = dial(uid == 0 ? "/run/systemd/private" : "/run/user/" + std::to_string(uid) + "/systemd/private");
  if (!fd.valid()) return {};
  const std::string request = scope_request(id, pids, uid);
  // It fits into any socket's buffer.
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return {};
  return fd;
}

}  // namespace microvm::monitor
