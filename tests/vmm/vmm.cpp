// The VMM of a test.
#include "tests/vmm/vmm.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/files.h"

namespace microvm::test {
namespace {

std::string made(std::string dir) {
  make_dir(dir);
  return dir;
}

ProcessSpec spec_of(const std::string& dir, const std::string& name, ProcessSpec more,
                    std::vector<std::string> command) {
  if (command.empty()) command.push_back(required_env("VMM_BIN"));
  command.insert(command.end(), {"--api-sock", name + ".api"});
  more.argv.insert(more.argv.begin(), command.begin(), command.end());
  more.env["TMPDIR"] = dir + "/" + name + ".tmp";
  more.cwd = dir;
  return more;
}

pid_t parent_of(const std::string& pid) {
  std::ifstream stat("/proc/" + pid + "/stat");
  const std::string line{std::istreambuf_iterator<char>(stat), {}};
  const std::size_t name_end = line.rfind(") ");  // then the state, a blank and the parent
  pid_t parent = -1;
  if (name_end != std::string::npos && name_end + 4 < line.size())
    std::from_chars(&line[name_end + 4], line.data() + line.size(), parent);
  return parent;
}

int open_process(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

}  // namespace

Vmm::Vmm(const std::string& dir, const std::string& name, const ProcessSpec& more,
         const std::vector<std::string>& command)
    : temporary_(made(dir + "/" + name + ".tmp")),
      process_(spec_of(dir, name, more, command)),
      pidfd_(open_process(process_.pid())),
      client_(connect(dir + "/" + name + ".api")) {}

fcapi::Client Vmm::connect(const std::string& socket) {
  return must(
      fcapi::Client::connect(socket, {pidfd_.get(), [this] { return output(); }},
                             {.connect_timeout = std::chrono::seconds(30), .timeout = std::chrono::minutes(1)}));
}

bool Vmm::is_real() {
  const char* const real = std::getenv("FIRECRACKER_BIN");
  return real != nullptr && required_env("VMM_BIN") == real;
}

std::vector<UniqueFd> Vmm::descendants() const {
  std::vector<pid_t> family{process_.pid()};
  std::vector<UniqueFd> found;
  for (std::size_t i = 0; i < family.size(); ++i) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string pid = entry.path().filename();
      if (pid.find_first_not_of("0123456789") != std::string::npos || parent_of(pid) != family[i]) continue;
      family.push_back(static_cast<pid_t>(std::stol(pid)));
      found.emplace_back(open_process(family.back()));
    }
  }
  return found;
}

}  // namespace microvm::test
