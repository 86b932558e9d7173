// From exec to the first reply: client and daemon on a core each.
#include <sys/mman.h>

#include <system_error>

#include "tests/bench/measures.h"
#include "tests/bench/requests.h"
#include "tests/bench/rounds.h"

namespace microvm::bench {
namespace {

using Clock = std::chrono::steady_clock;

// A point in time that a child leaves for its parent.
class SharedTime {
 public:
  SharedTime() {
    void* page = ::mmap(nullptr, sizeof(Clock::time_point), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    at_ = static_cast<Clock::time_point*>(page);
  }
  SharedTime(const SharedTime&) = delete;
  SharedTime& operator=(const SharedTime&) = delete;
  ~SharedTime() { ::munmap(at_, sizeof *at_); }
  void set() noexcept { *at_ = Clock::now(); }
  [[nodiscard]] Clock::time_point get() const noexcept { return *at_; }

 private:
  Clock::time_point* at_;
};

using Start = Subject (*)(const Setting&, const std::string&, const Subject::How&);

}  // namespace

void measure_start(const Setting& setting, Table& table) {
  SharedTime exec;
  const auto first_reply = [&](Start start) {
    return [&, start] {
      const Subject subject =
          start(setting, setting.memory_dir, {.core = setting.other_core, .at_exec = [&] { exec.set(); }});
      return Figures{us_since(exec.get())};  // a subject has answered once when it is there
    };
  };
  std::vector<Take> takes = {first_reply(&Subject::daemon), first_reply(&Subject::echo)};
  if (!setting.crate.empty()) takes.push_back(first_reply(&Subject::crate));
  const Rounds rounds(setting.rounds(120), takes);
  Row row{.what = "exec to first reply, p50",
          .ours = us(rounds.middle(0)),
          .floor = us(rounds.middle(1)),
          .target = 0.5,
          .slack = 2};
  if (takes.size() > 2) {
    row.crate = us(rounds.middle(2));
    row.figure = rounds.ratio(0, 2);
  }
  table.add(std::move(row));
}

}  // namespace microvm::bench
