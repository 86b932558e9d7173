// Boots guests by guest.sh, which knows the command lines, and talks to the shell that init keeps for it.
#include "tests/guest/guest_vm.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "tests/support/files.h"

namespace microvm::test {
namespace {

std::vector<std::string> guest_sh(std::vector<std::string> words) {
  const char* script = std::getenv("GUEST_SCRIPT");
  if (script == nullptr) throw std::runtime_error("GUEST_SCRIPT is not set: the path of tests/guest/guest.sh");
  words.insert(words.begin(), {"sh", script});
  return words;
}

// The initramfs is the same for every guest of a test program.
const std::string& image() {
  static const TempDir dir;
  static const std::string path = [] {
    std::string file = dir / "initramfs.cpio";
    const Finished made = run({.argv = guest_sh({"image", file})});
    if (made.status != ExitStatus{.code = 0}) throw std::runtime_error("no image for the guest: " + made.err);
    return file;
  }();
  return path;
}

std::vector<std::string> qemu_words(const GuestOptions& options) {
  auto words = guest_sh({"qemu", image(), "socket,path=shell.sock,server=on,wait=off"});
  if (!options.kernel.empty()) words.push_back(options.kernel);
  if (options.daemon) words.push_back("METADATAD=\"" + *options.daemon + "\"");
  return words;
}

}  // namespace

GuestVm GuestVm::boot(const GuestOptions& options) { return {TempDir(), options}; }

GuestVm::GuestVm(TempDir dir, const GuestOptions& options)
    : dir_(std::move(dir)),
      vsock_({.argv = guest_sh({"vsock", std::to_string(options.cid)}), .cwd = dir_.path()}),
      qemu_({.argv = qemu_words(options), .env = {{"GUEST_QEMU", options.qemu}}, .cwd = dir_.path()}) {
  try {
    shell_ = LineClient::connect(dir_ / "shell.sock", Deadline::after(kPatience));
  } catch (const std::system_error&) {
    fail("QEMU did not start");
  }
}

GuestVm::Answer GuestVm::run(const std::string& line, std::chrono::milliseconds time) {
  const Deadline deadline = Deadline::after(time);
  if (!ready_ && shell_.read_line(deadline) != "ready") fail("the guest did not boot");
  ready_ = true;
  const auto head = shell_.send(line + "\n", deadline) ? shell_.read_line(deadline) : std::nullopt;
  Answer answer{};
  std::size_t size = 0;
  if (!head || std::sscanf(head->c_str(), "%d %zu", &answer.status, &size) != 2) fail("no answer to: " + line);
  while (answer.out.size() < size) {
    const std::string part = shell_.read_some(deadline);
    if (part.empty()) fail("half an answer to: " + line);
    answer.out += part;
  }
  return answer;
}

std::string GuestVm::console() const { return read_file(dir_ / "console.log"); }

void GuestVm::kill() {
  qemu_.kill();
  vsock_.kill();
}

void GuestVm::fail(const std::string& what) {
  kill();
  throw std::runtime_error(what + "\nconsole:\n" + console() + "\nQEMU:\n" + qemu_.err() + "\nvsock backend:\n" +
                           vsock_.err());
}

}  // namespace microvm::test
