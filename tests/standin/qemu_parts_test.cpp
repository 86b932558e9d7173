// What stands between firecracker-qemu and QEMU, without a QEMU.
#include <elf.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "standin/qemu/boot.h"
#include "standin/qemu/child.h"
#include "standin/qemu/command_line.h"
#include "standin/qemu/console.h"
#include "standin/qemu/devices.h"
#include "standin/qemu/json_words.h"
#include "standin/qemu/layout.h"
#include "standin/qemu/limits.h"
#include "standin/qemu/memory.h"
#include "standin/qemu/qmp.h"
#include "tests/support/files.h"
#include "tests/support/line_client.h"
#include "tests/support/temp_dir.h"

namespace microvm::standin::qemu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Guest guest_with(std::string boot_args) {
  Guest guest;
  guest.boot_source.boot_args = std::move(boot_args);
  return guest;
}

Drive drive_of(std::string id) {
  Drive drive;
  drive.id = std::move(id);
  return drive;
}

UniqueFd file_of(std::string_view content) {
  UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
  return fd;
}

TEST(KernelWords, LosePciOffAndNothingElse) {
  EXPECT_EQ(kernel_words(guest_with("console=ttyS0 pci=off quiet")), "console=ttyS0 quiet");
  EXPECT_EQ(kernel_words(guest_with("pci=off quiet")), "quiet");
  EXPECT_EQ(kernel_words(guest_with("quiet pci=off")), "quiet");
  EXPECT_EQ(kernel_words(guest_with("pci=off pci=off")), "");
  EXPECT_EQ(kernel_words(guest_with("pci=offset xpci=off pci=off,x")), "pci=offset xpci=off pci=off,x");
  EXPECT_EQ(kernel_words(guest_with("a=\"b pci=off c\" d")), "a=\"b pci=off c\" d");
}

TEST(KernelWords, NameTheRootDevice) {
  Guest guest = guest_with("quiet");
  guest.drives.push_back({drive_of("root"), {}});
  guest.drives[0].config.is_root_device = true;
  guest.drives[0].config.is_read_only = true;
  EXPECT_EQ(kernel_words(guest), "quiet root=/dev/vda ro");
  guest.drives[0].config.is_read_only = false;
  guest.drives[0].config.partuuid = "0eaa91a0-01";
  EXPECT_EQ(kernel_words(guest), "quiet root=PARTUUID=0eaa91a0-01 rw");
}

// An ELF file of one note.
std::string kernel_with_note(std::string_view name, std::uint32_t type) {
  Elf64_Ehdr head{};
  head.e_phoff = sizeof head;
  head.e_phnum = 1;
  Elf64_Phdr part{};
  part.p_type = PT_NOTE;
  part.p_offset = sizeof head + sizeof part;
  part.p_filesz = sizeof(Elf64_Nhdr) + 4;
  const Elf64_Nhdr note{4, 0, type};
  std::string file(reinterpret_cast<const char*>(&head), sizeof head);
  file.append(reinterpret_cast<const char*>(&part), sizeof part);
  file.append(reinterpret_cast<const char*>(&note), sizeof note);
  return file.append(name);
}

TEST(KernelEntry, IsThePvhNote) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(check_kernel_entry(file_of(kernel_with_note("Xen\0"sv, 18)).get()));
  for (const std::string& kernel : {kernel_with_note("Xen\0"sv, 17), kernel_with_note("GNU\0"sv, 18), std::string()}) {
    const auto refused = check_kernel_entry(file_of(kernel).get());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text, HasSubstr("no PVH entry point"));
  }
}

std::string limits_of(std::optional<TokenBucket> bandwidth, std::optional<TokenBucket> ops) {
  return json::to_text(value(throttle_limits(RateLimiter{bandwidth, ops})));
}
TokenBucket bucket(std::uint64_t size, std::uint64_t refill_time_ms) { return {size, std::nullopt, refill_time_ms}; }

TEST(Limits, AreRatesAndWhatMayBeUsedAtOnce) {
  EXPECT_EQ(limits_of({}, {}), R"({"bps-total":0,"bps-total-max":0,"iops-total":0,"iops-total-max":0})");
  // More than a second's worth in the bucket.
  EXPECT_EQ(limits_of(bucket(5000, 2500), {}),
            R"({"bps-total":2000,"bps-total-max":5000,"iops-total":0,"iops-total-max":0})");
  EXPECT_EQ(limits_of({}, bucket(10, 100)), R"({"bps-total":0,"bps-total-max":0,"iops-total":100,"iops-total-max":0})");
  EXPECT_EQ(limits_of({}, bucket(1, 60'000)), R"({"bps-total":0,"bps-total-max":0,"iops-total":1,"iops-total-max":1})");
}

TEST(Layout, SurvivesASnapshotAndFillsItsPorts) {
  Guest guest;
  guest.drives.push_back({drive_of("a"), {}});
  guest.balloon.emplace();
  Layout before = Layout::of(guest);
  ASSERT_NE(before.plug(drive_key("b")), nullptr);
  auto after = Layout::from_json(before.to_json());
  ASSERT_TRUE(after);
  EXPECT_EQ(json::to_text(after->to_json()), json::to_text(before.to_json()));
  EXPECT_EQ(after->find(drive_key("a"))->slot, 1U);
  EXPECT_EQ(after->find(kBalloon)->slot, 2U);
  EXPECT_EQ(after->find(drive_key("b"))->bus, "port0");
  for (std::uint64_t i = 1; i < Layout::kPorts; ++i) EXPECT_NE(after->plug(drive_key(std::to_string(i))), nullptr);
  EXPECT_EQ(after->plug(drive_key("too many")), nullptr);
  after->remove(drive_key("b"));
  EXPECT_EQ(after->plug(drive_key("c"))->bus, "port0");
  EXPECT_FALSE(Layout::from_json(value(json::Map{})));
}

TEST(CommandLine, CarriesIdsOfAnyKindAndOnlyTheDescriptorsItNames) {
  Guest guest = guest_with("quiet");
  guest.drives.push_back({drive_of("é,file=/etc/passwd"), file_of("x")});
  const ChildSpec spec = child_spec({.program = "qemu", .monitor = 100, .memory = 103}, guest, Layout::of(guest));
  EXPECT_THAT(spec.argv, Not(testing::Contains(HasSubstr("passwd"))));
  EXPECT_THAT(spec.fds, testing::UnorderedElementsAre(100, 103, -1, guest.drives[0].file.get()));
  EXPECT_THAT(spec.argv, testing::Contains("tcg,thread=multi"));
}

TEST(Devices, AreWhatWasConfigured) {
  const Place place{"net/eth0", "device0", "pcie.0", 1};
  NetworkDevice interface;
  EXPECT_EQ(net_device(interface, place).count("host_mtu"), 0U);
  interface.config.mtu = 1400;
  EXPECT_EQ(number_of(net_device(interface, place).at("host_mtu")), 1400U);
  for (const bool is : {false, true}) {
    const json::Map balloon = balloon_device({.deflate_on_oom = is, .free_page_reporting = !is}, place);
    EXPECT_EQ(std::get<bool>(balloon.at("deflate-on-oom").data), is);
    EXPECT_EQ(std::get<bool>(balloon.at("free-page-reporting").data), !is);
  }
}

TEST(Console, DropsWhatIsBeyondItsBucketAndItsBurst) {
  const test::TempDir dir;
  std::array<int, 2> from_guest{}, to_guest{};
  ASSERT_EQ(::pipe2(from_guest.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(to_guest.data(), O_CLOEXEC), 0);
  const UniqueFd guest_writes(from_guest[1]), guest_reads(to_guest[0]);
  const Serial config{Path{dir / "console"}, TokenBucket{.size = 10, .one_time_burst = 5, .refill_time_ms = 3'600'000}};
  auto console = Console::open(UniqueFd(from_guest[0]), UniqueFd(to_guest[1]), config);
  ASSERT_TRUE(console);
  for (const std::string_view part : {"burst", "ten bytes.", "no more"}) {
    ASSERT_EQ(::write(guest_writes.get(), part.data(), part.size()), static_cast<ssize_t>(part.size()));
    EXPECT_TRUE(console->relay_output());
  }
  EXPECT_EQ(test::read_file(dir / "console"), "burstten bytes.");
}

TEST(Memory, IsCopiedWithItsHoles) {
  constexpr std::uint64_t kSize = 8 << 20;
  auto from = new_memory(kSize, false);
  auto into = new_memory(kSize, false);
  ASSERT_TRUE(from && into);
  ASSERT_EQ(::pwrite(from->get(), "there", 5, 5 << 20), 5);
  ASSERT_EQ(::pwrite(into->get(), "stale", 5, 1 << 20), 5);
  ASSERT_TRUE(copy_memory(from->get(), into->get(), kSize));
  std::array<char, 5> bytes{};
  ASSERT_EQ(::pread(into->get(), bytes.data(), 5, 5 << 20), 5);
  EXPECT_EQ(std::string_view(bytes.data(), 5), "there");
  EXPECT_EQ(::lseek(into->get(), 0, SEEK_DATA), 5 << 20);
  EXPECT_EQ(::lseek(into->get(), 0, SEEK_END), static_cast<off_t>(kSize));

  std::string mapping(3 * 4096, '\0');
  mapping[2 * 4096 + 7] = 'x';
  ASSERT_TRUE(copy_memory(mapping, into->get()));
  EXPECT_EQ(::lseek(into->get(), 0, SEEK_DATA), 2 * 4096);
  EXPECT_EQ(::lseek(into->get(), 0, SEEK_END), 3 * 4096);
}

// A monitor whose other end is the test.
class QmpTest : public testing::Test {
 protected:
  QmpTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    qemu_ = test::LineClient(UniqueFd(ends[0]));
    qmp_.emplace(UniqueFd(ends[1]), poller_,
                 [this](std::string_view name, const json::Value&) { events_.emplace_back(name); });
    poller_.add(qmp_->fd(), [this] {
      if (!qmp_->read()) poller_.remove(qmp_->fd());
    });
  }

  Poller poller_;
  test::LineClient qemu_;
  std::optional<Qmp> qmp_;
  std::vector<std::string> events_;
};

TEST_F(QmpTest, AnswersComeBetweenEvents) {
  qemu_.send("{\"QMP\":{}}\n{\"return\":{}}\n");
  ASSERT_TRUE(qmp_->greet(Deadline::after(test::kPatience)));
  qemu_.send("{\"event\":\"STOP\",\"data\":{}}\n{\"return\":{\"actual\":7}}\n{\"error\":{\"desc\":\"no such\"}}\n");
  const auto first = qmp_->execute("query-balloon");
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_EQ(number_of(member(*first, "actual")), 7U);
  EXPECT_THAT(events_, ElementsAre("STOP"));
  const auto second = qmp_->execute("x", {{"a", value("b")}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text, "QEMU: x: no such");
  EXPECT_EQ(qemu_.read_line(), "{\"execute\":\"qmp_capabilities\"}\r");
  EXPECT_EQ(qemu_.read_line(), "{\"execute\":\"query-balloon\"}\r");
  EXPECT_EQ(qemu_.read_line(), "{\"arguments\":{\"a\":\"b\"},\"execute\":\"x\"}\r");
}

TEST_F(QmpTest, AnAnswerThatIsLateIsNotTakenForTheNext) {
  EXPECT_FALSE(qmp_->execute("stop", {}, Deadline::after(std::chrono::milliseconds(5))));
  qemu_.send("{\"return\":\"late\"}\n{\"return\":\"right\"}\n");
  const auto answer = qmp_->execute("cont");
  ASSERT_TRUE(answer);
  EXPECT_EQ(text_of(*answer), "right");
}

TEST_F(QmpTest, WhatIsNoMonitorEnds) {
  qemu_.send("nonsense\n");
  EXPECT_FALSE(qmp_->execute("stop"));
  EXPECT_FALSE(qmp_->greet(Deadline::after(test::kPatience)));
}

TEST_F(QmpTest, ALineWithoutAnEndEndsIt) {
  const std::string block(64 * 1024, 'x');
  std::size_t sent = 0;
  bool goes_on = true;
  while (goes_on && sent < 2 * Qmp::kMostLineBytes) {
    sent += qemu_.send_some(block);
    goes_on = qmp_->read();
  }
  EXPECT_FALSE(goes_on);
  EXPECT_LE(sent, Qmp::kMostLineBytes + 2 * block.size());
}

TEST(Child, TellsHowItEndedAndWhatItSaid) {
  const UniqueFd null = file_of("");
  const auto start = [&null](std::vector<std::string> argv) {
    ChildSpec spec;
    spec.argv = std::move(argv);
    spec.in = spec.out = null.get();
    return Child::start(spec);
  };
  auto child = start({"sh", "-c", "echo first >&2; echo last words >&2; exit 3"});
  ASSERT_TRUE(child);
  EXPECT_EQ(child->describe_end(), "QEMU exited with code 3: first?last words");
  const auto missing = start({"/nonexistent/qemu"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().text, "No such file or directory (os error 2)");
}

}  // namespace
}  // namespace microvm::standin::qemu
