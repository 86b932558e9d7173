#include "standin/qemu/command_line.h"

#include "standin/qemu/boot.h"
#include "standin/qemu/devices.h"
#include "standin/qemu/json_words.h"

namespace microvm::standin::qemu {
namespace {

class Builder {
 public:
  Builder(const CommandLine& line, const Guest& guest, const Layout& layout)
      : line_(line), guest_(guest), layout_(layout) {}

  ChildSpec build() {
    spec_.argv.push_back(line_.program);
    add_machine();
    add_channels();
    if (!line_.restores) add_kernel();
    if (guest_.pci_enabled) add_ports();
    for (const DriveDevice& drive : guest_.drives) add_drive(drive);
    for (const NetworkDevice& interface : guest_.interfaces) add_interface(interface);
    add_others();
    return std::move(spec_);
  }

 private:
  void add(std::initializer_list<std::string> words) { spec_.argv.insert(spec_.argv.end(), words); }
  void add(const char* flag, json::Map map) { add({flag, json::to_text(value(std::move(map)))}); }
  // A descriptor under its number.
  std::string fd(int fd) {
    spec_.fds.push_back(fd);
    return std::to_string(fd);
  }
  std::string fd_path(int number) { return "/proc/self/fd/" + fd(number); }

  void add_machine() {
    const unsigned cpus = guest_.machine.vcpu_count;
    const unsigned threads = guest_.machine.smt && cpus > 1 ? 2 : 1;
    add({"-nodefaults", "-no-user-config", "-display", "none", "-S"});
    // A guest that resets is over, one that powers off stays, as with Firecracker; both are told by an event.
    add({"-action", "reboot=shutdown,shutdown=pause"});
    add({"-machine", "q35,memory-backend=memory,sata=off,smbus=off,usb=off,vmport=off"});
    add({"-accel", line_.kvm ? "kvm" : "tcg,thread=multi", "-cpu", line_.kvm ? "host" : "max"});
    add({"-smp", "cpus=" + std::to_string(cpus) + ",sockets=1,cores=" + std::to_string(cpus / threads) +
                     ",threads=" + std::to_string(threads)});
    add({"-m", std::to_string(guest_.machine.mem_size.count) + "M"});
    add("-object", {{"qom-type", value("memory-backend-file")},
                    {"id", value("memory")},
                    {"mem-path", value(fd_path(line_.memory))},
                    {"size", value(memory_bytes(guest_))},
                    {"share", value(true)}});
    if (line_.restores) add({"-incoming", "defer"});
  }

  void add_channels() {
    add({"-chardev", "socket,id=monitor,fd=" + fd(line_.monitor), "-mon", "chardev=monitor,mode=control"});
    // Pipes: a socket is full after some hundred writes, and the serial port writes byte by byte.
    spec_.in = line_.console_in;
    spec_.out = line_.console_out;
    add({"-chardev", "stdio,id=console,signal=off"});
    add({"-serial", "chardev:console"});
  }

  void add_kernel() {
    // Emulated on a busy machine, timer interrupts may come too late for the kernel's patience with them.
    const std::string patient = line_.kvm ? "" : "no_timer_check ";
    add({"-kernel", fd_path(guest_.kernel.get()), "-append", patient + kernel_words(guest_)});
    if (guest_.initrd.valid()) add({"-initrd", fd_path(guest_.initrd.get())});
  }

  void add_ports() {
    for (std::uint64_t port = 0; port < Layout::kPorts; ++port) {
      const std::string number = std::to_string(port);
      add("-device", {{"driver", value("pcie-root-port")},
                      {"id", value("port" + number)},
                      {"bus", value("pcie.0")},
                      {"addr", value("1e." + number)},
                      {"multifunction", value(true)},
                      {"chassis", value(port + 1)}});
    }
  }

  void add_drive(const DriveDevice& drive) {
    const Place* place = layout_.find(drive_key(drive.config.id));
    if (place == nullptr || !drive.file.valid()) return;
    const std::string number = fd(drive.file.get());
    const std::string file = drive_file_name(*place);
    const std::string node = drive_node_name(*place);
    add({"-add-fd", "fd=" + number + ",set=" + number});
    add("-object", drive_limits(drive, *place));
    add("-blockdev", drive_file(drive, "/dev/fdset/" + number, file));
    add("-blockdev", drive_node(drive, *place, node, file));
    add("-device", drive_device(drive, *place, node));
  }

  void add_interface(const NetworkDevice& interface) {
    const Place* place = layout_.find(net_key(interface.config.id));
    if (place == nullptr) return;
    add("-netdev", net_backend(*place, fd(interface.tap.get())));
    add("-device", net_device(interface, *place));
  }

  void add_others() {
    if (const Place* place = layout_.find(kVsock); place != nullptr && line_.vsock >= 0) {
      add("-device", vsock_device(guest_.vsock->config, *place, fd(line_.vsock)));
      spec_.catches_vhost = true;
    }
    if (const Place* place = layout_.find(kBalloon)) add("-device", balloon_device(*guest_.balloon, *place));
    if (const Place* place = layout_.find(kEntropy)) add("-device", entropy_device(*guest_.entropy, *place));
  }

  const CommandLine& line_;
  const Guest& guest_;
  const Layout& layout_;
  ChildSpec spec_;
};

}  // namespace

ChildSpec child_spec(const CommandLine& line, const Guest& guest, const Layout& layout) {
  return Builder(line, guest, layout).build();
}

}  // namespace microvm::standin::qemu
