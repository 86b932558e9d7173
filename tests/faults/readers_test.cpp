// Readers at full speed while their secrets change at full speed.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <iostream>
#include <thread>

#include "tests/faults/operations.h"
#include "tests/faults/state.h"
#include "tests/faults/subject.h"

namespace microvm::faults {
namespace {

constexpr std::size_t kValueSize = 5000;

// Tells its generation from its first to its last byte.
std::string value_of(std::string_view kind, std::uint64_t generation) {
  const std::string unit = std::string(kind) + " " + std::to_string(generation) + "\n";
  std::string value;
  while (value.size() < kValueSize) value += unit;
  return value;
}

struct Counts {
  std::uint64_t reads = 0;
  std::uint64_t again = 0;   // the set was on its way out
  std::uint64_t mixed = 0;   // two generations in one answer
  std::uint64_t broken = 0;  // what no value looks like
  std::uint64_t lost = 0;    // the file is not there, and not because its set goes
};

std::optional<std::string> read_all(const UniqueFd& fd) {
  std::array<char, 2 * kValueSize> bytes;
  const ssize_t n = ::read(fd.get(), bytes.data(), bytes.size());
  return n < 0 ? std::nullopt : std::optional(std::string(bytes.data(), static_cast<std::size_t>(n)));
}

// Nothing when the value is none.
std::optional<std::uint64_t> generation_of(const std::string& value, std::string_view kind) {
  if (!value.starts_with(kind)) return std::nullopt;
  const std::uint64_t generation = std::strtoull(value.c_str() + kind.size(), nullptr, 10);
  return value == value_of(kind, generation) ? std::optional(generation) : std::nullopt;
}

// The reader of docs/protocol.md.
void read_pair(const std::string& secrets, Counts& counts) {
  for (;;) {
    const UniqueFd dir(::open(secrets.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const UniqueFd cert(::openat(dir.get(), "crt", O_RDONLY | O_CLOEXEC));
    const UniqueFd key(cert.valid() ? ::openat(dir.get(), "key", O_RDONLY | O_CLOEXEC) : -1);
    if (!dir.valid() || (!key.valid() && errno != ENOENT)) {
      ++counts.lost;
      return;
    }
    if (!key.valid()) {
      ++counts.again;
      continue;
    }
    ++counts.reads;
    const auto cert_generation = generation_of(read_all(cert).value_or(""), "crt");
    const auto key_generation = generation_of(read_all(key).value_or(""), "key");
    if (!cert_generation || !key_generation) {
      ++counts.broken;
    } else if (cert_generation != key_generation) {
      ++counts.mixed;
    }
    return;
  }
}

TEST(Readers, OfAPairSeeOnlyPairs) {
  const std::uint64_t wanted = long_form() ? 1'000'000 : 100'000;
  const test::TempDir dir;
  test::Daemon daemon(dir);
  test::LineClient client = daemon.client();
  std::atomic<std::uint64_t> updates = 0;
  const auto update = [&] {
    const std::string secrets =
        R"({"crt":")" + base64(value_of("crt", updates)) + R"(","key":")" + base64(value_of("key", updates)) + R"("})";
    const std::string reply = client.ask(R"({"op":"apply","id":"x","secrets":)" + secrets + "}\n");
    ++updates;
    return reply.find(R"("ok":true)") != reply.npos;
  };
  ASSERT_TRUE(update());
  std::array<Counts, 2> counts;
  {
    std::atomic<int> reading = counts.size();
    std::vector<std::jthread> readers;
    for (Counts& own : counts) {
      readers.emplace_back([&, wanted] {
        while (own.reads < wanted / 2 && own.lost == 0) read_pair(daemon.paths().secrets_dir, own);
        --reading;
      });
    }
    while (reading > 0) ASSERT_TRUE(update());
  }
  for (const Counts& own : counts) {
    EXPECT_EQ(own.mixed, 0U);
    EXPECT_EQ(own.broken, 0U);
    EXPECT_EQ(own.lost, 0U);
    std::cout << own.reads << " pairs read, " << own.again << " times started again\n";
  }
  std::cout << updates << " updates\n";
  EXPECT_GT(updates, wanted / 1000);
}

// ---- one secret, opened again and again ----

constexpr std::size_t kLongValue = 20'000;  // long enough to be met while it is overwritten

struct Opens {
  std::uint64_t whole = 0;
  std::uint64_t broken = 0;
  std::uint64_t leases = 0;  // that were broken
};

// As any program: by its name. What it has open is not overwritten.
void open_by_name(const std::string& path, Opens& opens) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  // Without a link it was replaced between the search for its name and the opening.
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || status.st_nlink == 0) return;
  std::array<char, 2 * kLongValue> bytes;
  const ssize_t n = ::read(fd.get(), bytes.data(), bytes.size());
  const std::string_view value(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  const bool whole =
      value.size() == kLongValue && value.find_first_not_of(value.front()) == value.npos && value.front() != 0;
  ++(whole ? opens.whole : opens.broken);
}

// As nobody does: a file that has lost its name already is opened by a descriptor that does not count as open, until it
// is met while it is overwritten. That breaks the daemon's lease and sends it SIGIO.
void open_without_name(const std::string& path, Opens& opens) {
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  const std::string link = "/proc/self/fd/" + std::to_string(place.get());
  for (int i = 0; i < 200; ++i) {
    const UniqueFd fd(::open(link.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid() && errno == EWOULDBLOCK) ++opens.leases;
  }
}

TEST(Readers, OfASecretThatIsReplacedDoNoHarm) {
  const int replacements = long_form() ? 100'000 : 10'000;
  const test::TempDir dir;
  test::Daemon daemon(dir);
  test::LineClient client = daemon.client();
  const auto replace = [&](int i) {
    const std::string value(kLongValue, static_cast<char>('a' + i % 26));
    return client.ask(set_secret_request("s", value)).find(R"("ok":true)") != std::string::npos;
  };
  ASSERT_TRUE(replace(0));
  Opens opens;
  {
    const std::string path = daemon.paths().secrets_dir + "/s";
    std::jthread named([&, path](const std::stop_token& stop) {
      while (!stop.stop_requested()) open_by_name(path, opens);
    });
    Opens nameless_opens;
    std::jthread nameless([&, path](const std::stop_token& stop) {
      while (!stop.stop_requested()) open_without_name(path, nameless_opens);
    });
    for (int i = 1; i <= replacements; ++i) ASSERT_TRUE(replace(i)) << daemon.log();
    nameless.request_stop();
    nameless.join();
    opens.leases = nameless_opens.leases;
  }
  std::cout << opens.whole << " opened whole, " << opens.leases << " leases broken, "
            << daemon.ask("{\"op\":\"info\",\"id\":\"x\"}\n") << "\n";
  EXPECT_GT(opens.whole, 0U);
  EXPECT_EQ(opens.broken, 0U);
  EXPECT_GT(opens.leases, 0U) << "no lease was ever broken: this test shows nothing";
  EXPECT_EQ(daemon.stop(), test::ExitStatus{.code = 0});
}

}  // namespace
}  // namespace microvm::faults
