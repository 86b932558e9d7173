#include "guest/notify.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cstddef>

#include "common/posix/retry.h"
#include "common/posix/unix_address.h"

namespace microvm::guest {
namespace {

constexpr timeval kSendTimeout{.tv_sec = 1, .tv_usec = 0};  // for a manager that is busy

UniqueFd connect_to(std::string_view name) noexcept {
  auto address = posix::unix_address(name);
  if (!address) return {};
  if (name.front() == '@') address->sun_path[0] = '\0';
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), size) != 0) return {};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof kSendTimeout);
  return fd;
}

}  // namespace

Notifier::Notifier(const char* address) noexcept
    : wanted_(address != nullptr), fd_(wanted_ ? connect_to(address) : UniqueFd()) {}

bool Notifier::operator()(std::string_view state) const noexcept {
  const auto send = [&] { return ::send(fd_.get(), state.data(), state.size(), MSG_NOSIGNAL); };
  return !wanted_ || posix::retry(send) == static_cast<ssize_t>(state.size());
}

}  // namespace microvm::guest
