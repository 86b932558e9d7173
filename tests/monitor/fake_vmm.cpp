// A VMM that does what its arguments say, one after the other; then it waits for ever.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

void put(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void append(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  put(fd, text);
  ::close(fd);
}

// Numbered lines of 64 bytes.
void flood(unsigned long bytes) {
  std::string lines;
  for (unsigned long i = 0; i < bytes / 64; ++i) {
    char line[65];
    std::snprintf(line, sizeof line, "%-62lu|\n", i);
    lines += line;
    if (lines.size() < 64000) continue;
    put(1, lines);
    lines.clear();
  }
  put(1, lines);
}

// One line of standard input, which the test writes.
void await() {
  char c = 0;
  while (c != '\n' && ::read(0, &c, 1) == 1) {
  }
}

// What the monitor has left of itself in this process.
void inspect() {
  char text[4096];
  std::string all;
  for (int fd = 0; fd < 1024; ++fd)
    if (::fcntl(fd, F_GETFD) >= 0) all += std::to_string(fd) + " ";
  all += "\n";
  all += std::string(::getcwd(text, sizeof text)) + "\n";
  FILE* const status = std::fopen("/proc/self/status", "r");
  while (std::fgets(text, sizeof text, status) != nullptr)
    if (std::strncmp(text, "SigBlk", 6) == 0 || std::strncmp(text, "SigIgn", 6) == 0) all += text;
  std::fclose(status);
  const char* const variable = std::getenv("FAKE_VMM_VARIABLE");
  put(1, all + (variable != nullptr ? variable : "") + "\n");
}

void* virtual_processor(void* busy) {
  ::prctl(PR_SET_NAME, "fc_vcpu 0");
  // Enough to be seen, and not a whole processor.
  while (busy != nullptr) ::usleep(1000);
  for (;;) ::pause();
}

// A process that goes on writing when the VMM has ended, for a while.
void leave_child() {
  if (::fork() != 0) return;
  ::alarm(5);
  for (;;) put(1, "still here\n");
}

}  // namespace

int main(int argc, char** argv) {
  static int some = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view what = argv[i];
    const auto value = [&] { return ++i < argc ? argv[i] : ""; };
    if (what == "say") put(1, std::string(value()) + "\n");
    if (what == "put") put(1, value());
    if (what == "err") put(2, std::string(value()) + "\n");
    if (what == "flood") flood(std::strtoul(value(), nullptr, 10));
    if (what == "await") await();
    if (what == "inspect") inspect();
    if (what == "child") leave_child();
    if (what == "nonblock") ::fcntl(1, F_SETFL, O_NONBLOCK);
    if (what == "exit") ::_exit(std::atoi(value()));
    if (what == "die") ::raise(std::atoi(value()));
    if (what == "append") {
      const char* const path = value();
      append(path, std::string(value()) + "\n");
    }
    if (what == "vcpu") {
      pthread_t thread{};
      ::pthread_create(&thread, nullptr, virtual_processor, value() == std::string_view("busy") ? &some : nullptr);
    }
  }
  for (;;) ::pause();
}
