#include "tests/standin/player.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <exception>
#include <filesystem>
#include <set>
#include <thread>
#include <utility>

#include "tests/standin/command_files.h"
#include "tests/standin/fixtures.h"
#include "tests/standin/texts.h"
#include "tests/support/files.h"

namespace microvm::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSilence{300};  // that long nothing comes when no answer is expected
constexpr milliseconds kPause{1000};   // within an answer
constexpr milliseconds kMoment{20};    // a process that will end is not sure to have ended
constexpr milliseconds kEnding{6000};  // until a process has written its last and is gone

// Processes of these begin with the snapshots that an earlier one made.
const std::set<std::string> kKeepSnapshots = {"snapshot_load", "snapshot_load_novsock", "uffd",       "diff_chain",
                                              "no_kvm",        "vsock_nodriver",        "vsock_pause"};

std::string value_after(const std::vector<std::string>& argv, std::string_view flag) {
  for (std::size_t i = 0; i + 1 < argv.size(); ++i)
    if (argv[i] == flag) return argv[i + 1];
  return {};
}

std::optional<int> shell_code(std::optional<ExitStatus> status) {
  if (!status) return std::nullopt;
  return status->signal != 0 ? -status->signal : status->code;
}

std::string code_text(std::optional<int> code) { return code ? "rc " + std::to_string(*code) : "alive"; }

void send(LineClient& client, const Exchange& exchange) {
  std::string_view rest = exchange.request;
  for (const std::size_t piece : exchange.pieces) {
    client.send(rest.substr(0, piece));
    static_cast<void>(client.await_taken());
    rest.remove_prefix(piece);
  }
  client.send(rest);
  if (exchange.half_closes) client.finish();
}

std::string receive(LineClient& client, std::size_t expected) {
  if (expected == 0) return client.read_some(Deadline::after(kSilence));
  std::string got;
  while (got.size() < expected) {
    const std::string part = client.read_some(Deadline::after(got.empty() ? milliseconds(kPatience) : kPause));
    if (part.empty()) break;
    got += part;
  }
  return got;
}

// What became of the stream, if the recording tells it.
std::string peer_state(const LineClient& client, const std::string& expected) {
  if (expected.empty()) return {};
  pollfd event{client.fd(), POLLIN, 0};
  ::poll(&event, 1, expected == "open" ? 0 : static_cast<int>(milliseconds(kPatience).count()));
  char byte = 0;
  const auto n = ::recv(client.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) return "more bytes";
  if (n == 0) return "EOF";
  return errno == EAGAIN ? "open" : "ConnectionResetError";
}

std::string with_peer(const std::string& response, const std::string& peer) {
  return canonical_response(response) + (peer.empty() ? "" : "[" + peer + "]");
}

int signal_number(const std::string& name) {
  for (int number = 1; number < NSIG; ++number)
    if (const char* known = ::sigabbrev_np(number); known != nullptr && name == std::string("SIG") + known)
      return number;
  return 0;
}

}  // namespace

Player::Player(std::string program, Recording recording)
    : program_(std::move(program)), recording_(std::move(recording)) {
  for (std::size_t i = 0; i < recording_.steps.size(); ++i)
    if (const auto* exchange = std::get_if<Exchange>(&recording_.steps[i])) last_use_[exchange->connection] = i;
}

std::vector<Outcome> Player::play() {
  try {
    for (; at_ < recording_.steps.size(); ++at_)
      std::visit([this](const auto& step) { on(step); }, recording_.steps[at_]);
  } catch (const std::exception& error) {
    note(Outcome::Kind::Fact, std::to_string(last_exchange_) + ": what follows", "", "can be played", error.what());
  }
  process_.reset();
  return std::move(outcomes_);
}

void Player::note(Outcome::Kind kind, const std::string& name, const std::string& label, std::string expected,
                  std::string got) {
  outcomes_.push_back({recording_.scenario, kind, name, label, std::move(expected), std::move(got)});
}

ProcessSpec Player::spec(std::vector<std::string> argv) const {
  argv.insert(argv.begin(), program_);
  return {.argv = std::move(argv), .env = {{"FIRECRACKER_QEMU_BACKEND", "none"}}, .cwd = folder_.path()};
}

void Player::on(const Start& start) {
  connections_.clear();
  process_.reset();
  refill(folder_.path(), kKeepSnapshots.contains(recording_.scenario));
  argv_ = start.argv;
  stage_.emplace(folder_.path(), folder_ / value_after(argv_, "--api-sock"));
  process_.emplace(spec(argv_));
  patience_ = kEnding;
  LineClient::connect(stage_->api_socket, Deadline::after(kPatience));
}

// A recorder that needs a new connection is done with the old ones, but for those it comes back to.
LineClient& Player::connection_of(const Exchange& exchange) {
  if (const auto open = connections_.find(exchange.connection); open != connections_.end()) return open->second;
  std::erase_if(connections_, [this](const auto& one) { return last_use_[one.first] < at_; });
  const bool is_vsock = exchange.request.starts_with("CONNECT ") && !exchange.request.contains("HTTP");
  return connections_[exchange.connection] =
             LineClient::connect(is_vsock ? folder_ / "v.sock" : stage_->api_socket, Deadline::after(kPatience));
}

// "setup 14" stands for 1 to 14, of which one is recorded.
void Player::send_numbered(LineClient& client, const Exchange& exchange) {
  constexpr std::string_view kLabel = "setup ";
  int last = 0;
  if (exchange.label.starts_with(kLabel))
    std::from_chars(exchange.label.data() + kLabel.size(), exchange.label.data() + exchange.label.size(), last);
  for (int i = 1; i < last; ++i) {
    const std::string id = "d" + std::to_string(i);
    const std::string body =
        R"({"drive_id":")" + id + R"(","path_on_host":"data.img","is_root_device":false,"is_read_only":true})";
    client.send("PUT /drives/" + id + " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                body);
    static_cast<void>(client.read_some());
  }
}

void Player::on(const Exchange& exchange) {
  last_exchange_ = exchange.n;
  prepare(*stage_, exchange.label, exchange.request);
  LineClient& client = connection_of(exchange);
  send_numbered(client, exchange);
  std::string got;
  if (exchange.is_refused_unheard) got = receive(client, exchange.response.size());
  send(client, exchange);
  if (!exchange.is_refused_unheard) got = receive(client, exchange.response.size());
  const std::string peer = peer_state(client, exchange.peer);
  if (!peer.empty() && peer != "open") connections_.erase(exchange.connection);
  note(Outcome::Kind::Exchange, std::to_string(exchange.n), exchange.label, with_peer(exchange.response, exchange.peer),
       with_peer(got, peer));
}

std::string Player::end_of_log(const std::string& file, const std::string& expected) {
  std::string text;
  for (const Deadline deadline = Deadline::after(patience_); !deadline.passed();) {
    text = log_text(file);
    if (text.ends_with(expected)) return expected;
    std::this_thread::sleep_for(milliseconds(5));
  }
  patience_ = kSilence;
  return text;
}

std::string Player::log_text(const std::string& file) const {
  return canonical_log(file == "stdout" ? process_->out() : read_file(folder_ / file), folder_.path());
}

std::optional<int> Player::end() {
  const auto code = shell_code(process_->wait(patience_));
  if (!code) patience_ = kSilence;
  return code;
}

void Player::compare(const Fact& fact, std::optional<int> code, const std::string& file) {
  const auto together = [](std::optional<int> rc, const std::string& out, const std::string& err) {
    return code_text(rc) + "\n" + out + err;
  };
  const std::string expected = canonical_log(fact.text, folder_.path());
  const std::string out = expected.empty() ? "" : end_of_log(file, expected);
  const std::string err = process_->err();
  note(Outcome::Kind::Fact, std::to_string(last_exchange_) + ": " + fact.event, fact.signal,
       together(fact.code, expected, fact.errors),
       together(code, out, fact.errors.empty() || err.ends_with(fact.errors) ? fact.errors : err));
}

void Player::stop(const Fact& fact) {
  process_->signal(-fact.code.value());
  end();
}

void Player::see_end(const Fact& fact) { compare(fact, end(), "stdout"); }

void Player::see_state(const Fact& fact) {
  compare(fact, fact.code ? end() : shell_code(process_->wait(kMoment)), "stdout");
}

void Player::send_signal(const Fact& fact) {
  process_->signal(signal_number(fact.signal));
  compare(fact, fact.code ? end() : shell_code(process_->wait(kSilence)), value_after(argv_, "--log-path"));
}

void Player::see_log(const Fact& fact) {
  const std::string expected = canonical_log(fact.text, folder_.path());
  if (!expected.empty()) end_of_log(fact.file, expected);
  note(Outcome::Kind::Fact, std::to_string(last_exchange_) + ": log " + fact.file, "", expected, log_text(fact.file));
}

// Facts of other kinds are not the program's own, or differ from host to host.
void Player::on(const Fact& fact) {
  static const std::map<std::string, void (Player::*)(const Fact&)> kKinds = {
      {"stopped by recorder", &Player::stop},     {"process exit", &Player::see_end},
      {"had exited by itself", &Player::see_end}, {"process state", &Player::see_state},
      {"signal", &Player::send_signal},           {"log", &Player::see_log},
  };
  if (const auto kind = kKinds.find(fact.event); kind != kKinds.end()) (this->*kind->second)(fact);
}

// Until it has ended as it should, or has written what it should and does not end.
std::string Player::run_to_expected(Process& process, const CommandLine& line) const {
  const Deadline deadline = Deadline::after(kEnding);
  const auto wrote = [&] { return canonical_log(process.out(), folder_.path()) == canonical_log(line.out, {}); };
  std::optional<int> code = shell_code(process.wait(line.code ? kEnding : kMoment));
  while (!code && !line.code && !wrote() && !deadline.passed()) code = shell_code(process.wait(kMoment));
  if (!code && line.out.empty()) code = shell_code(process.wait(kSilence));
  return code_text(code) + "\n" + canonical_log(process.out(), folder_.path()) +
         canonical_log(process.err(), folder_.path());
}

void Player::on(const CommandLine& line) {
  std::vector<std::string> argv = line.argv;
  if (argv.empty()) {
    if (!line.label.starts_with("--describe-snapshot")) return;  // another program's
    argv = {"--describe-snapshot", line.label.contains("good") ? "snap" : "mod"};
    Stage beside{folder_.path(), {}, {}, {}, {}, {}};
    prepare(beside, line.label, "");
  } else {
    refill(folder_.path(), false);
    make_command_files(folder_.path(), line.label);
  }
  Process process(spec(argv));
  LineClient client;
  for (const Exchange& exchange : line.meanwhile) {
    if (client.fd() < 0)
      client = LineClient::connect(folder_ / value_after(argv, "--api-sock"), Deadline::after(kPatience));
    send(client, exchange);
    note(Outcome::Kind::Exchange, line.label + " #" + std::to_string(exchange.n), line.label, exchange.response,
         receive(client, exchange.response.size()));
  }
  const std::string got = run_to_expected(process, line);
  note(Outcome::Kind::CommandLine, line.label, line.label,
       code_text(line.code) + "\n" + canonical_log(line.out, "") + canonical_log(line.err, ""), got);
}

}  // namespace microvm::test
