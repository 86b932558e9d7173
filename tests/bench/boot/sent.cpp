#include "tests/bench/boot/sent.h"

#include <sys/socket.h>
#include <unistd.h>

#include <string_view>
#include <thread>

#include "common/base/unique_fd.h"
#include "tests/support/line_client.h"

namespace microvm::bench {
namespace {

constexpr std::string_view kVersion = R"({"firecracker_version":"1.16.1"})";

// Every request of the sequence is small and leaves in one write.
void answer_all(int listener, std::string& sent) {
  const UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  char request[4096];
  for (ssize_t n = 0; (n = ::read(fd.get(), request, sizeof request)) > 0;) {
    const std::string_view text(request, static_cast<std::size_t>(n));
    sent.append(text).push_back('\0');
    std::string reply = "HTTP/1.1 204 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n";
    if (text.starts_with("GET"))
      reply =
          "HTTP/1.1 200 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\nContent-Type: application/json\r\n"
          "Content-Length: " +
          std::to_string(kVersion.size()) + "\r\n\r\n" + std::string(kVersion);
    if (::write(fd.get(), reply.data(), reply.size()) < 0) return;
  }
}

}  // namespace

std::string sent_by(const std::string& path, const std::function<void()>& work) {
  const UniqueFd listener = test::listen_unix(path);
  std::string sent;
  {
    const std::jthread server([&] { answer_all(listener.get(), sent); });
    work();
  }
  ::unlink(path.c_str());
  return sent;
}

}  // namespace microvm::bench
