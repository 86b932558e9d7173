#include "standin/qemu/qemu_backend.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "standin/qemu/boot.h"
#include "standin/qemu/devices.h"
#include "standin/qemu/json_words.h"
#include "standin/qemu/kvm_probe.h"
#include "standin/qemu/limits.h"
#include "standin/qemu/memory.h"

namespace microvm::standin::qemu {
namespace {

constexpr std::chrono::seconds kResetTime{1};       // for a guest to hear of it, which takes milliseconds
constexpr std::size_t kMostStateBytes = 9'000'000;  // of what a state file may hold

Result<UniqueFd> state_file(std::string_view content) {
  UniqueFd file(::memfd_create("guest state", MFD_CLOEXEC));
  if (!file.valid() || ::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) != 0)
    return std::unexpected(errno_fault(errno));
  return file;
}

Result<std::string> content_of(int file) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  if (size < 0 || static_cast<std::size_t>(size) > kMostStateBytes) return std::unexpected(errno_fault(EFBIG));
  std::string content(static_cast<std::size_t>(size), '\0');
  if (::pread(file, content.data(), content.size(), 0) != size) return std::unexpected(errno_fault(EIO));
  return content;
}

}  // namespace

Done QemuBackend::start(const Guest& guest) {
  if (auto good = check_kernel_entry(guest.kernel.get()); !good) return good;
  guest_ = &guest;
  layout_ = Layout::of(guest);
  auto memory = new_memory(memory_bytes(guest), guest.machine.huge_pages == HugePages::Huge2M);
  if (!memory) return std::unexpected(std::move(memory.error()));
  memory_ = std::move(*memory);
  auto started = open_front(vsock::Front::kNoHostPortYet);
  if (started) started = launch(false);
  if (started) started = resume();
  if (!started) machine_.reset();
  return started;
}

Done QemuBackend::open_front(std::uint32_t last_host_port) {
  front_.reset();
  if (!guest_->vsock) return {};
  const auto& [config, listener] = *guest_->vsock;
  auto front = vsock::Front::open({listener.get(), config.uds_path, config.guest_cid, last_host_port});
  if (!front) return std::unexpected(std::move(front.error()));
  front_ = std::move(*front);
  return {};
}

Done QemuBackend::launch(bool restores) {
  if (!layout_.fits())
    return refuse("Qemu(TooManyDevices)",
                  "QEMU's PCI bus has room for " + std::to_string(Layout::kPortsSlot - 1) + " devices of the guest.");
  CommandLine line{.program = program_, .kvm = kvm_boots_guests(), .restores = restores, .memory = memory_.get()};
  auto machine = Machine::start(std::move(line), *guest_, layout_, front_ ? &*front_ : nullptr);
  if (!machine) return std::unexpected(std::move(machine.error()));
  machine_ = std::move(*machine);
  for (const DriveDevice& drive : guest_->drives)
    if (const Place* place = layout_.find(drive_key(drive.config.id))) drives_.started_with(drive, *place);
  if (!guest_->balloon) return {};
  if (auto set = set_balloon_interval(guest_->balloon->stats_polling_interval_s); !set) return set;
  return restores ? Done() : set_balloon(guest_->balloon->amount_mib);
}

// The text of a state is a line of JSON with what we have to know, then QEMU's own.
Done QemuBackend::restore(const Guest& guest, const SavedMemory& memory, const std::string& state) {
  const auto end_of_line = state.find('\n');
  json::Value saved;
  json::Reader in(std::string_view(state).substr(0, end_of_line));
  auto layout =
      end_of_line != state.npos && json::read(in, saved) ? Layout::from_json(member(saved, "layout")) : std::nullopt;
  if (!layout) return refuse("Qemu(NoState)", "The snapshot was not made of a guest under QEMU.");
  guest_ = &guest;
  layout_ = std::move(*layout);
  auto own = new_memory(memory_bytes(guest), false);
  if (!own) return std::unexpected(std::move(own.error()));
  memory_ = std::move(*own);
  auto copied = memory.file.valid() ? copy_memory(memory.file.get(), memory_.get(), memory_bytes(guest))
                                    : copy_memory(memory.mapping, memory_.get());
  if (!copied) return copied;
  const auto last_host_port = static_cast<std::uint32_t>(number_of(member(saved, "last_host_port")));
  if (auto opened = open_front(last_host_port); !opened) return opened;
  if (auto launched = launch(true); !launched) return launched;
  auto file = state_file(std::string_view(state).substr(end_of_line + 1));
  if (!file) return std::unexpected(std::move(file.error()));
  if (auto loaded = machine_->load_state(file->get()); !loaded) return loaded;
  if (const Place* place = front_ ? layout_.find(kVsock) : nullptr)
    reset_ = TransportReset::of(*machine_, *place, memory_.get(), memory_bytes(guest));
  if (reset_) front_->hold_dials(true);
  return {};
}

Done QemuBackend::pause() { return machine_->tell("stop"); }

Done QemuBackend::resume() {
  if (machine_->is_off()) return {};
  saved_state_.clear();
  auto runs = machine_->tell("cont");
  if (!runs || !reset_) return runs;
  machine_->serve_until([this] { return reset_->is_done(); }, Deadline::after(kResetTime));
  reset_.reset();
  front_->hold_dials(false);
  return runs;
}

Result<std::string> QemuBackend::save(int memory_file, SnapshotType /*type*/) {
  if (saved_state_.empty()) {
    auto file = state_file("");
    if (!file) return std::unexpected(std::move(file.error()));
    if (auto saved = machine_->save_state(file->get()); !saved) return std::unexpected(std::move(saved.error()));
    auto content = content_of(file->get());
    if (!content) return content;
    json::Map own{{"layout", layout_.to_json()}};
    if (front_) own.emplace("last_host_port", value(front_->last_host_port()));
    saved_state_ = json::to_text(value(std::move(own))) + "\n" + *content;
  }
  if (auto copied = copy_memory(memory_.get(), memory_file, memory_bytes(*guest_)); !copied)
    return std::unexpected(std::move(copied.error()));
  return saved_state_;
}

void QemuBackend::reset_vsock() {
  if (front_) front_->reset();
}

bool QemuBackend::send_ctrl_alt_del() {
  json::List keys;
  for (const char* key : {"ctrl", "alt", "delete"})
    keys.push_back(value(json::Map{{"type", value("qcode")}, {"data", value(key)}}));
  return machine_->tell("send-key", {{"keys", value(std::move(keys))}}).has_value();
}

Done QemuBackend::change_drive(const DriveDevice& drive) {
  const Place* place = layout_.find(drive_key(drive.config.id));
  if (place == nullptr || !drive.file.valid()) return {};
  return drives_.change(*machine_, drive, *place);
}

// QEMU has no limits for these.
Done QemuBackend::change_interface(const NetworkDevice& /*interface*/) { return {}; }
Done QemuBackend::change_pmem(const Pmem& /*pmem*/) { return {}; }

Result<const Place*> QemuBackend::new_place(std::string device) {
  if (const Place* place = layout_.plug(std::move(device))) return place;
  return refuse("Qemu(NoPort)", "QEMU has no port left for another device.");
}

Done QemuBackend::plug(const DriveDevice& drive) {
  if (!drive.file.valid()) return {};
  auto place = new_place(drive_key(drive.config.id));
  if (!place) return std::unexpected(std::move(place.error()));
  return drives_.plug(*machine_, drive, **place);
}

Done QemuBackend::plug(const NetworkDevice& interface) {
  auto place = new_place(net_key(interface.config.id));
  if (!place) return std::unexpected(std::move(place.error()));
  const std::string fd = tap_name(**place);
  auto done = machine_->tell("getfd", {{"fdname", value(fd)}}, interface.tap.get());
  if (done) done = machine_->tell("netdev_add", net_backend(**place, fd));
  if (done) done = machine_->tell("device_add", net_device(interface, **place));
  return done;
}

// Nothing of it is there: see docs/firecracker-qemu.md.
Done QemuBackend::plug(const Pmem& /*pmem*/) { return {}; }

Done QemuBackend::unplug(DeviceKind kind, const std::string& id) {
  const std::string key = kind == DeviceKind::Drive ? drive_key(id) : net_key(id);
  const Place* place = kind == DeviceKind::Pmem ? nullptr : layout_.find(key);
  if (place == nullptr) return {};
  auto gone = kind == DeviceKind::Drive ? drives_.unplug(*machine_, *place) : unplug_interface(*place);
  if (gone) layout_.remove(key);
  return gone;
}

Done QemuBackend::unplug_interface(const Place& place) {
  if (auto gone = machine_->unplug(place.name); !gone) return gone;
  return machine_->tell("netdev_del", {{"id", value(tap_name(place))}});
}

bool QemuBackend::is_driven(DrivenDevice device) const {
  const Place* place = device == DrivenDevice::Balloon ? layout_.find(kBalloon) : nullptr;
  if (place == nullptr) return false;
  auto status = machine_->ask("x-query-virtio-status",
                              {{"path", value("/machine/peripheral/" + place->name + "/virtio-backend")}});
  if (!status) return false;
  const std::string text = json::to_text(member(*status, "status"));
  return text.find("DRIVER_OK") != text.npos;
}

Done QemuBackend::set_balloon(std::uint32_t amount_mib) {
  const std::uint64_t taken = std::uint64_t{amount_mib} << 20;
  return machine_->tell("balloon", {{"value", value(memory_bytes(*guest_) - taken)}});
}

std::uint32_t QemuBackend::balloon_mib() const {
  const auto answer = machine_->ask("query-balloon");
  if (!answer) return 0;
  return static_cast<std::uint32_t>((memory_bytes(*guest_) - number_of(member(*answer, "actual"))) >> 20);
}

BalloonStats QemuBackend::balloon_stats() const {
  constexpr std::array<std::array<const char*, 2>, 10> kNames = {{
      {"swap_in", "stat-swap-in"},
      {"swap_out", "stat-swap-out"},
      {"major_faults", "stat-major-faults"},
      {"minor_faults", "stat-minor-faults"},
      {"free_memory", "stat-free-memory"},
      {"total_memory", "stat-total-memory"},
      {"available_memory", "stat-available-memory"},
      {"disk_caches", "stat-disk-caches"},
      {"hugetlb_allocations", "stat-htlb-pgalloc"},
      {"hugetlb_failures", "stat-htlb-pgfail"},
  }};
  constexpr std::uint64_t kUnknown = ~std::uint64_t{0};
  BalloonStats stats;
  const Place* place = layout_.find(kBalloon);
  if (place == nullptr) return stats;
  const auto answer = machine_->ask(
      "qom-get", {{"path", value("/machine/peripheral/" + place->name)}, {"property", value("guest-stats")}});
  if (!answer || number_of(member(*answer, "last-update")) == 0) return stats;
  for (const auto& [ours, qemus] : kNames) {
    const auto* number = std::get_if<std::uint64_t>(&member(member(*answer, "stats"), qemus).data);
    if (number != nullptr && *number != kUnknown) stats.emplace_back(ours, *number);
  }
  return stats;
}

Done QemuBackend::set_balloon_interval(std::uint16_t seconds) {
  const Place* place = layout_.find(kBalloon);
  if (place == nullptr || seconds == 0) return {};
  return machine_->tell("qom-set", {{"path", value("/machine/peripheral/" + place->name)},
                                    {"property", value("guest-stats-polling-interval")},
                                    {"value", value(seconds)}});
}

Done QemuBackend::set_plugged_memory(std::uint64_t /*mib*/) { return {}; }
std::uint64_t QemuBackend::plugged_memory_mib() const { return 0; }

int QemuBackend::event_fd() const { return machine_ ? machine_->event_fd() : -1; }

std::optional<GuestEnd> QemuBackend::on_event() {
  machine_->on_event();
  return machine_->end();
}

}  // namespace microvm::standin::qemu
