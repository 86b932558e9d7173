#include "tests/standin/replay.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <filesystem>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "tests/standin/own_network.h"
#include "tests/support/files.h"

namespace microvm::test {
namespace {

// Mostly they wait.
constexpr std::size_t kAtOnce = 6;

class Team {
 public:
  Team(std::vector<Recording> recordings, Network network) : recordings_(std::move(recordings)), network_(network) {
    // The longest first: nobody waits for it in the end.
    std::ranges::sort(recordings_, std::ranges::greater(), [](const Recording& one) { return one.steps.size(); });
  }

  std::vector<Outcome> play() {
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < std::min(kAtOnce, recordings_.size()); ++i) threads.emplace_back([this] { work(); });
    }
    if (failure_) std::rethrow_exception(failure_);
    return std::move(outcomes_);
  }

 private:
  void work() {
    try {
      if (network_ == Network::Own && !own_network({"fcg0", "fcg1", "fcg2"}))
        throw std::runtime_error("a network of its own needs CAP_SYS_ADMIN");
      for (std::size_t i = next_++; i < recordings_.size(); i = next_++) {
        auto outcomes = Player(required_env("FIRECRACKER_QEMU_BIN"), std::move(recordings_[i])).play();
        const std::lock_guard lock(mutex_);
        std::ranges::move(outcomes, std::back_inserter(outcomes_));
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
  }

  std::vector<Recording> recordings_;
  Network network_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::vector<Outcome> outcomes_;
  std::exception_ptr failure_;
};

// Both texts from the line on in which they part.
std::string parting(const Outcome& one) {
  const auto [left, right] = std::ranges::mismatch(one.expected, one.got);
  const auto at = static_cast<std::size_t>(left - one.expected.begin());
  const std::size_t newline = at == 0 ? std::string::npos : one.expected.rfind('\n', at - 1);
  const std::size_t from = newline == std::string::npos ? 0 : newline + 1;
  return "\n  expected: " + one.expected.substr(from) + "\n  got:      " + one.got.substr(from);
}

}  // namespace

std::vector<Recording> recordings_in(const std::string& dir, std::span<const std::string_view> but) {
  std::vector<Recording> out;
  for (const std::string& name : names_in(dir))
    if (const std::filesystem::path path = dir + "/" + name;
        path.extension() == ".jsonl" && std::ranges::count(but, path.stem().string()) == 0)
      out.push_back(read_recording(path));
  return out;
}

std::vector<Outcome> play_all(std::vector<Recording> recordings, Network network) {
  return Team(std::move(recordings), network).play();
}

std::vector<std::string> faults(std::span<const Outcome> outcomes, std::span<const Difference> known) {
  std::set<std::tuple<std::string_view, std::string_view>> listed;
  std::set<std::tuple<std::string_view, std::string_view>> seen;
  for (const Difference& entry : known) listed.emplace(entry.scenario, entry.name);
  std::vector<std::string> out;
  for (const Outcome& one : outcomes) {
    if (one.equal()) continue;
    seen.emplace(one.scenario, one.name);
    if (!listed.contains({one.scenario, one.name}))
      out.push_back(one.scenario + " " + one.name + " (" + one.label + ")" + parting(one));
  }
  for (const Difference& entry : known)
    if (!entry.comes_and_goes && !seen.contains({entry.scenario, entry.name}))
      out.push_back(std::string(entry.scenario) + " " + std::string(entry.name) +
                    " is listed as different, but it is equal, or not there");
  return out;
}

std::string summary(std::span<const Outcome> outcomes) {
  using Kind = Outcome::Kind;
  constexpr std::array<std::pair<Kind, std::string_view>, 3> kKinds = {
      {{Kind::Exchange, "pairs"}, {Kind::CommandLine, "command lines"}, {Kind::Fact, "facts"}}};
  std::string out;
  for (const auto& [kind, word] : kKinds) {
    const auto all = std::ranges::count(outcomes, kind, &Outcome::kind);
    const auto equal =
        std::ranges::count_if(outcomes, [&](const Outcome& one) { return one.kind == kind && one.equal(); });
    if (all != 0)
      out += std::string(word) + " replayed " + std::to_string(all) + ", equal " + std::to_string(equal) + "\n";
  }
  return out;
}

}  // namespace microvm::test
