// The guest's side of the tests: a listener, a dialler, a shell and a clock, under any uid. Static; the C library is
// all it uses.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
// Behind sys/socket.h, which it needs and does not include.
#include <linux/vm_sockets.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

namespace {

constexpr char kUsage[] =
    "usage: vsock_probe [--uid N] listen PORT     answer every line with the clock, a blank and the line\n"
    "       vsock_probe [--uid N] swallow PORT    print that of one connection, and answer nothing\n"
    "       vsock_probe [--uid N] dial CID PORT   send standard input, print what comes, then EOF, an errno or\n"
    "                                             SILENCE (2 s without a byte)\n"
    "       vsock_probe shell PORT                run the line that a connection brings: its output, a newline, a "
    "line\n"
    "                                             with its exit status, EOF\n"
    "       vsock_probe stamp                     copy lines, the clock and a blank before each\n"
    "The clock is CLOCK_MONOTONIC in nanoseconds.\n";

constexpr int kSilenceMs = 2000;

int failed(const char* what) {
  std::printf("%s: errno %d\n", what, errno);
  return 1;
}

int stamp(std::FILE* in, std::FILE* out) {
  std::array<char, 4096> line;
  while (std::fgets(line.data(), line.size(), in) != nullptr) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    std::fprintf(out, "%lld %s", now.tv_sec * 1'000'000'000LL + now.tv_nsec, line.data());
    std::fflush(out);
  }
  return 0;
}

sockaddr_vm address(unsigned cid, const char* port) {
  sockaddr_vm to{};
  to.svm_family = AF_VSOCK;
  to.svm_cid = cid;
  to.svm_port = static_cast<unsigned>(std::strtoul(port, nullptr, 10));
  return to;
}

int listening(const char* port) {
  const int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_vm at = address(VMADDR_CID_ANY, port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return failed("bind"), -1;
  if (listen(listener, 16) != 0) return failed("listen"), -1;
  std::printf("listening\n");
  std::fflush(stdout);
  return listener;
}

int listen_on(const char* port, bool answer) {
  const int listener = listening(port);
  if (listener < 0) return 1;
  for (;;) {
    const int peer = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) return failed("accept");
    std::FILE* in = fdopen(peer, "r");
    if (!answer) {
      close(listener);  // else a peer that dials anew while this process is killed could get hold of it once more
      return stamp(in, stdout);
    }
    std::FILE* out = fdopen(dup(peer), "w");
    stamp(in, out);
    std::fclose(in);
    std::fclose(out);
  }
}

int run_line(int peer) {
  std::array<char, 4096> line;
  if (std::fgets(line.data(), line.size(), fdopen(peer, "r")) == nullptr) return 1;
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (dup2(nothing, 0) < 0 || dup2(peer, 1) < 0 || dup2(peer, 2) < 0) return failed("dup2");
  const int status = std::system(line.data());
  std::printf("\n%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}

// It may be the guest's first process: what ends is reaped, whoever started it.
int shell(const char* port) {
  const int listener = listening(port);
  std::signal(SIGCHLD, SIG_IGN);
  for (int peer; (peer = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; close(peer)) {
    if (fork() != 0) continue;
    std::signal(SIGCHLD, SIG_DFL);
    std::exit(run_line(peer));
  }
  return failed("accept");
}

// Errors while sending are not the end of it: an answer may have come before the peer closed.
int dial(const char* cid, const char* port) {
  const int peer = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_vm to = address(static_cast<unsigned>(std::strtoul(cid, nullptr, 10)), port);
  if (connect(peer, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return failed("connect");
  std::array<char, 4096> part;
  for (ssize_t n; (n = read(STDIN_FILENO, part.data(), part.size())) > 0;) {
    if (send(peer, part.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) != n) break;
  }
  for (;;) {
    pollfd wait{peer, POLLIN, 0};
    if (poll(&wait, 1, kSilenceMs) == 0) return std::puts("SILENCE"), 0;
    const ssize_t n = recv(peer, part.data(), part.size(), 0);
    if (n == 0) return std::puts("EOF"), 0;
    if (n < 0) return std::printf("errno %d\n", errno), 0;
    std::fwrite(part.data(), 1, static_cast<std::size_t>(n), stdout);
  }
}

int run(std::span<char*> args) {
  if (args.size() > 2 && std::strcmp(args[0], "--uid") == 0) {
    const auto uid = static_cast<uid_t>(std::strtoul(args[1], nullptr, 10));
    if (setgid(uid) != 0 || setuid(uid) != 0) return failed("setuid");
    args = args.subspan(2);
  }
  const auto is = [&](const char* word, std::size_t size) {
    return args.size() == size && std::strcmp(args[0], word) == 0;
  };
  if (is("listen", 2)) return listen_on(args[1], true);
  if (is("swallow", 2)) return listen_on(args[1], false);
  if (is("shell", 2)) return shell(args[1]);
  if (is("dial", 3)) return dial(args[1], args[2]);
  if (is("stamp", 1)) return stamp(stdin, stdout);
  std::fputs(kUsage, stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) { return run({argv + 1, static_cast<std::size_t>(argc - 1)}); }
