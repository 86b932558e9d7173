// How long requests take: client and server take turns on one core.
#include <optional>

#include "tests/bench/measures.h"
#include "tests/bench/requests.h"
#include "tests/bench/rounds.h"

namespace microvm::bench {
namespace {

// What takes part in a comparison, in this order; the crate's daemon may be missing.
class Contest {
 public:
  std::size_t enter(Subject subject) {
    subjects_.push_back(std::make_unique<Subject>(std::move(subject)));
    return subjects_.size() - 1;
  }
  std::optional<std::size_t> enter_crate(const Setting& setting, const std::string& base) {
    if (setting.crate.empty()) return std::nullopt;
    return enter(Subject::crate(setting, base));
  }
  [[nodiscard]] Subject& operator[](std::size_t i) { return *subjects_[i]; }
  /// `measure` gets a connection that stays open.
  Rounds run(int rounds, const std::function<Figures(Client&)>& measure) {
    std::vector<Client> clients;
    for (const auto& subject : subjects_) clients.push_back(subject->client());
    std::vector<Take> takes;
    for (Client& client : clients) takes.emplace_back([&] { return measure(client); });
    return Rounds(rounds, takes);
  }
  [[nodiscard]] std::size_t size() const noexcept { return subjects_.size(); }

 private:
  std::vector<std::unique_ptr<Subject>> subjects_;
};

struct Compared {
  std::string what;
  std::size_t ours = 0;
  std::optional<std::size_t> crate{};
  std::optional<std::size_t> floor{};
  std::size_t figure = 0;
  double target = 0;
  bool at_least = false;
  double slack = 2;
};

Row compare(const Rounds& rounds, const Compared& how, std::string (*text)(double)) {
  const auto cell = [&](std::optional<std::size_t> who) { return who ? text(rounds.middle(*who, how.figure)) : ""; };
  Row row{.what = how.what, .ours = cell(how.ours), .crate = cell(how.crate), .floor = cell(how.floor)};
  if (how.crate) row.figure = rounds.ratio(how.ours, *how.crate, how.figure);
  row.target = how.target;
  row.at_least = how.at_least;
  row.slack = how.slack;
  return row;
}

std::string per_second(double value) { return number(value / 1000, "k/s"); }

void measure_batches(const Setting& setting, Table& table, int batch) {
  Contest contest;
  const std::size_t ours = contest.enter(Subject::daemon(setting, setting.memory_dir));
  const auto crate = contest.enter_crate(setting, setting.memory_dir);
  const std::size_t echo = contest.enter(Subject::echo(setting));
  const std::string lines = repeated(kPing, batch);
  const int times = 40'960 / batch;
  const Rounds rounds = contest.run(setting.rounds(30), [&](Client& client) {
    const std::size_t reply = client.ask(kPing).size();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) {
      client.send(lines);
      client.read(reply * static_cast<std::size_t>(batch));
    }
    return Figures{times * batch / us_since(begin) * 1e6};
  });
  table.add(compare(rounds,
                    {.what = "pings per second, " + std::to_string(batch) + " at once",
                     .ours = ours,
                     .crate = crate,
                     .floor = echo,
                     .target = 5,
                     .at_least = true},
                    per_second));
}

struct Write {
  std::string what;
  std::string request;
  std::size_t file_size;
  double target;
  std::optional<double> target_scrubbing;
};

void measure_write(const Setting& setting, Table& table, const Write& write) {
  Contest contest;
  const std::size_t scrubbing = contest.enter(Subject::daemon(setting, setting.memory_dir));
  const std::size_t plain = contest.enter(Subject::daemon(setting, setting.memory_dir, {.flags = {"--no-scrub"}}));
  const auto crate = contest.enter_crate(setting, setting.memory_dir);
  const std::size_t floor = contest.enter(Subject::writer(setting, setting.memory_dir, write.file_size));
  const int times = write.file_size > 10'000 ? 200 : 500;
  const Rounds rounds = contest.run(setting.rounds(30), [&](Client& client) {
    return Figures{median(timed(times, [&] { client.ask(write.request); }))};
  });
  const auto add = [&](const char* how, std::size_t ours, double target) {
    table.add(compare(rounds,
                      {.what = write.what + how, .ours = ours, .crate = crate, .floor = floor, .target = target}, us));
  };
  add(write.target_scrubbing ? ", `--no-scrub`, p50" : ", p50", plain, write.target);
  if (write.target_scrubbing) add(", scrubbing, p50", scrubbing, *write.target_scrubbing);
}

}  // namespace

void measure_pings(const Setting& setting, Table& table) {
  Contest contest;
  const std::size_t ours = contest.enter(Subject::daemon(setting, setting.memory_dir));
  const auto crate = contest.enter_crate(setting, setting.memory_dir);
  const std::size_t echo = contest.enter(Subject::echo(setting));
  const Rounds rounds = contest.run(setting.rounds(40), [](Client& client) {
    const Figures times = timed(2000, [&] { client.ask(kPing); });
    return Figures{quantile(times, 0.5), quantile(times, 0.99)};
  });
  table.add(compare(rounds, {.what = "ping p50", .ours = ours, .crate = crate, .floor = echo, .target = 0.85}, us));
  const Row tail = compare(
      rounds, {.what = "ping p99", .ours = ours, .crate = crate, .floor = echo, .figure = 1, .target = 0.9}, us);
  table.add(tail);
  table.add({.what = "ping p50 to the raw echo's",
             .ours = us(rounds.middle(ours)),
             .floor = us(rounds.middle(echo)),
             .figure = rounds.ratio(ours, echo),
             .target = 1.1});
}

void measure_pipelining(const Setting& setting, Table& table) {
  for (const int batch : {64, 1024}) measure_batches(setting, table, batch);
}

void measure_connections(const Setting& setting, Table& table) {
  Contest contest;
  const std::size_t ours = contest.enter(Subject::daemon(setting, setting.memory_dir));
  const auto crate = contest.enter_crate(setting, setting.memory_dir);
  const std::size_t echo = contest.enter(Subject::echo(setting));
  std::vector<Take> takes;
  for (std::size_t i = 0; i < contest.size(); ++i) {
    takes.emplace_back([&contest, i] { return Figures{median(timed(300, [&] { contest[i].client().ask(kPing); }))}; });
  }
  const Rounds rounds(setting.rounds(30), takes);
  table.add(compare(
      rounds, {.what = "connect, ping, close p50", .ours = ours, .crate = crate, .floor = echo, .target = 0.65}, us));
}

void measure_writes(const Setting& setting, Table& table) {
  const Write writes[] = {
      {"set_secret 32 B", set_secret("name", 32), 32, 0.85, 1.0},
      {"set_secret 64 KiB", set_secret("name", 65'536), 65'536, 0.7, 0.85},
      {"set_env 50 keys", set_env(50), 1800, 0.7, std::nullopt},
  };
  for (const Write& write : writes) measure_write(setting, table, write);
}

// One transaction against as many requests, on a disk. Each time a fresh daemon replaces what it was given before: so
// nothing is left to do of an earlier transaction, whose set would be removed 5 s later.
void measure_many_items(const Setting& setting, Table& table) {
  constexpr int kItems = 20;
  constexpr std::size_t kSize = 1024;
  std::vector<std::string> requests;
  for (int i = 0; i < kItems; ++i) requests.push_back(set_secret("secret-" + std::to_string(i), kSize));
  std::vector<Take> takes = {[&] {
    const Subject subject = Subject::daemon(setting, setting.disk_dir);
    Client client = subject.client();
    client.ask(apply_secrets(kItems, kSize, 'A'));
    return timed(1, [&] { client.ask(apply_secrets(kItems, kSize, 'B')); });
  }};
  if (!setting.crate.empty()) {
    takes.emplace_back([&] {
      const Subject subject = Subject::crate(setting, setting.disk_dir);
      Client client = subject.client();
      const auto ask_all = [&] {
        for (const std::string& request : requests) client.ask(request);
      };
      ask_all();
      return timed(1, ask_all);
    });
  }
  const Rounds rounds(setting.rounds(40), takes);
  const auto crate = setting.crate.empty() ? std::nullopt : std::optional<std::size_t>(1);
  table.add(compare(rounds, {.what = "20 secrets of 1 KiB on a disk", .crate = crate, .target = 0.3},
                    [](double value) { return number(value / 1000, "ms"); }));
}

}  // namespace microvm::bench
