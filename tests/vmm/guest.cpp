// A guest under a VMM.
#include "tests/vmm/guest.h"

#include <cstdlib>

#include "host/vsock/dial.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {

const std::string& guest_image() {
  static const TempDir dir;
  static const std::string path = [] {
    if (const char* const given = std::getenv("GUEST_IMAGE")) return std::string(given);
    std::string file = dir / "initramfs.cpio";
    const Finished made = test::run({.argv = {"sh", required_env("VMM_IMAGE_SCRIPT"), file}});
    if (made.status != ExitStatus{.code = 0}) throw std::runtime_error("no image for the guest: " + made.err);
    return file;
  }();
  return path;
}

fcapi::BootSource boot_source() {
  return {.kernel_image_path = required_env("GUEST_VMLINUX"),
          .initrd_path = guest_image(),
          .boot_args =
              "console=ttyS0 reboot=k panic=1 pci=off quiet tsc=reliable mitigations=off i8042.noaux no_timer_check"};
}

Answer run_in_guest(const std::string& uds, const std::string& line, std::chrono::milliseconds time) {
  const Deadline deadline = Deadline::after(time);
  LineClient shell(must(vsock::dial(uds, kShellPort, deadline)));
  shell.send(line + "\n", deadline);
  Answer answer{};
  for (std::string part; !(part = shell.read_some(deadline)).empty();) answer.out += part;
  const std::size_t status = answer.out.size() < 3 ? std::string::npos : answer.out.rfind('\n', answer.out.size() - 2);
  if (status == std::string::npos || !answer.out.ends_with('\n'))
    throw std::runtime_error("no answer to: " + line + "\nbut: " + answer.out);
  answer.status = std::stoi(answer.out.substr(status + 1));
  answer.out.resize(status);
  return answer;
}

std::string output_in_guest(const std::string& uds, const std::string& line) {
  Answer answer = run_in_guest(uds, line);
  if (answer.status != 0)
    throw std::runtime_error(line + ": exit status " + std::to_string(answer.status) + ": " + answer.out);
  if (answer.out.ends_with('\n')) answer.out.pop_back();
  return answer.out;
}

metadata::Client Guest::daemon(std::chrono::milliseconds time) const {
  return must(metadata::Client::connect({uds(), kDaemonPort}, {.connect_timeout = time, .request_timeout = kBootTime}));
}

LineClient Guest::connect(std::string_view port) const {
  LineClient stream = LineClient::connect(uds(), Deadline::after(kPatience));
  stream.send("CONNECT " + std::string(port) + "\n");
  return stream;
}

unsigned long host_port(LineClient& stream) {
  const std::string answer = stream.read_line().value_or("EOF");
  if (!answer.starts_with("OK ")) throw std::runtime_error("CONNECT was answered with " + answer);
  return std::stoul(answer.substr(3));
}

}  // namespace microvm::test
