// This daemon beside the Rust crate's, line by line: what one of them accepts the other accepts, with the same files
// afterwards, but for the decisions that docs/protocol.md lists.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include "tests/contract/daemon_test.h"
#include "tests/contract/peer_mutations.h"
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {

using test::Process;
using test::TempDir;

struct Outcome {
  Verdict verdict = Verdict::Ok;
  bool closed = false;  ///< no reply
  std::string id{};     ///< as JSON
  std::string error{};
};

struct Files {
  std::string env;
  std::map<std::string, std::string> secrets;
  bool operator==(const Files&) const = default;
};

// A daemon, its files and a connection to it.
class Side {
 public:
  Side(DaemonPaths paths, LineClient client) : paths_(std::move(paths)), client_(std::move(client)) {}

  Outcome ask(const std::string& line) {
    const std::string reply = client_.ask(line + "\n");
    if (reply.empty()) client_ = LineClient::connect(paths_.socket);
    return outcome_of(reply);
  }
  [[nodiscard]] Files files() const {
    Files files{.env = test::read_file(paths_.env_file), .secrets = {}};
    for (const std::string& name : test::names_in(paths_.secrets_dir)) {
      if (!name.starts_with('.')) files.secrets[name] = test::read_file(paths_.secrets_dir + "/" + name);
    }
    return files;
  }
  void empty() {
    for (const std::string& name : test::names_in(paths_.secrets_dir)) {
      std::filesystem::remove(paths_.secrets_dir + "/" + name);
    }
    ASSERT_EQ(ask(R"({"op":"set_env","id":"x","env":{}})").error, "");
  }
  void give_env(std::string_view content) const { test::write_file(paths_.env_file, content); }

 private:
  static Outcome outcome_of(const std::string& reply) {
    const std::string_view begin = R"({"id":)";
    if (!reply.starts_with(begin)) return {.closed = true};
    // An id may hold anything but a bare quote.
    std::size_t end = begin.size() + 1;
    while (end < reply.size() && reply[end] != '"') end += reply[end] == '\\' ? 2U : 1U;
    const std::string id = reply.substr(begin.size(), end + 1 - begin.size());
    if (reply.substr(end + 1).starts_with(R"(,"ok":true)")) return {.id = id};
    const bool invalid = reply.contains(R"("error":"invalid request json: )");
    return {.verdict = invalid ? Verdict::Invalid : Verdict::Refused, .id = id, .error = reply.substr(end + 1)};
  }

  DaemonPaths paths_;
  LineClient client_;
};

// Where the two may differ, each for its reason; the same rows stand in docs/protocol.md.
struct Decision {
  const char* rule;
  bool (*explains)(const std::string& line, const Outcome& peer, const Outcome& own);
};

constexpr std::array kDecisions = {
    Decision{
        "an array in place of the object is refused",
        [](const std::string&, const Outcome&, const Outcome& own) { return own.error.contains("not an object"); }},
    Decision{"an env value has no NUL byte",
             [](const std::string&, const Outcome&, const Outcome& own) {
               return own.error.contains("an env value has no NUL byte");
             }},
    Decision{"a line that is not UTF-8 is answered",
             [](const std::string&, const Outcome& peer, const Outcome& own) {
               return peer.closed && own.verdict == Verdict::Invalid;
             }},
    Decision{"merge: true merges",
             [](const std::string& line, const Outcome& peer, const Outcome& own) {
               const bool refused = own.verdict == Verdict::Invalid;
               return line.contains("merge") &&
                      (refused ? own.error.contains(R"(\"merge\")") : peer.verdict == Verdict::Ok);
             }},
    Decision{"a line has at most 1 MiB",
             [](const std::string&, const Outcome&, const Outcome& own) {
               return own.error.contains("line too long: limit 1048576 bytes");
             }},
    Decision{"a secret name may have up to 255 bytes",
             [](const std::string&, const Outcome& peer, const Outcome& own) {
               return own.verdict == Verdict::Ok && peer.error.contains("File name too long");
             }},
    Decision{"if_match is checked",
             [](const std::string&, const Outcome&, const Outcome& own) { return own.error.contains("if_match"); }},
    Decision{"protocol 2 has more requests",
             [](const std::string&, const Outcome& peer, const Outcome& own) {
               return peer.error.contains("unknown variant") && !own.error.contains("unknown op");
             }},
};

class PeerTest : public DaemonTest {
 protected:
  void SetUp() override {
    const char* const peer = std::getenv("PEER_METADATAD");
    const char* const shim = std::getenv("VSOCK_SHIM");
    if (peer == nullptr || shim == nullptr || !std::filesystem::exists(peer) || !std::filesystem::exists(shim)) {
      GTEST_SKIP() << "PEER_METADATAD does not name the Rust crate's daemon (./dev peers installs it)";
    }
    const DaemonPaths peer_paths(peer_dir_);
    peer_process_.emplace(
        ProcessSpec{.argv = {peer, "--env-file", peer_paths.env_file, "--secrets-dir", peer_paths.secrets_dir},
                    .env = {{"LD_PRELOAD", shim}, {"VSOCK_TO_UNIX", peer_paths.socket}}});
    peer_.emplace(peer_paths, LineClient::connect(peer_paths.socket, Deadline::after(test::kPatience)));
    own_.emplace(paths_, start().client());
    settle();
  }

  // Both hold the same again.
  void settle() {
    for (Side* side : {&*peer_, &*own_}) side->empty();
    ASSERT_EQ(peer_->files(), own_->files());
  }

  void compare(const std::string& line) {
    const Outcome peer = peer_->ask(line);
    const Outcome own = own_->ask(line);
    // Of a line that is refused the peer mostly does not know the id.
    const bool ids = peer.id == own.id || (peer.verdict != Verdict::Ok && peer.id == R"("")");
    if (peer.verdict == own.verdict && peer.closed == own.closed && ids && peer_->files() == own_->files()) {
      return;
    }
    const auto* const decision =
        std::ranges::find_if(kDecisions, [&](const Decision& at) { return at.explains(line, peer, own); });
    ASSERT_NE(decision, kDecisions.end()) << line.substr(0, 1000) << "\npeer: " << peer.id << peer.error
                                          << (peer.closed ? "closed" : "") << "\nown: " << own.id << own.error;
    ++explained_[decision->rule];
    settle();
  }

  TempDir peer_dir_;
  std::optional<Process> peer_process_;
  std::optional<Side> peer_;
  std::optional<Side> own_;
  std::map<std::string_view, int> explained_;
};

std::vector<Row> all_rows() {
  std::vector<Row> all;
  for (const auto rows :
       {syntax_rows, number_rows, text_rows, id_rows, shape_rows, env_rows, merge_rows, secret_rows}) {
    for (Row& row : rows()) all.push_back(std::move(row));
  }
  return all;
}

// Of each decision at least one; the table of the contract has the others.
const std::array kMore = {
    R"(["set_env","x",{"A":"1"}])"s,
    R"({"op":"set_env","id":"x","env":{"A":"1"},"if_match":"never"})"s,
    R"({"op":"set_secret","id":"x","name":"a","value_b64":"","if_match":5})"s,
    R"({"op":"apply","id":"x","env":{"A":"1"}})"s,
    R"({"op":"info","id":"x"})"s,
    R"({"op":"set_secret","id":"x","name":"a","value_b64":")" + std::string(1'200'000, 'A') + "\"}",
};

TEST_F(PeerTest, EveryRowOfTheContract) {
  for (const Row& row : all_rows()) {
    SCOPED_TRACE(row.name);
    if (row.given_env) {
      peer_->give_env(*row.given_env);
      own_->give_env(*row.given_env);
    }
    compare(row.request);
    if (HasFatalFailure()) return;
  }
  for (const std::string& line : kMore) compare(line);
  for (const Decision& decision : kDecisions) EXPECT_GT(explained_[decision.rule], 0) << decision.rule;
}

TEST_F(PeerTest, MutatedLines) {
  std::vector<std::string> lines(kMore.begin(), kMore.end() - 1);
  for (const Row& row : all_rows()) {
    if (row.request.size() < 1000) lines.push_back(row.request);
  }
  const char* const seed = std::getenv("PEER_SEED");
  Mutations mutations(std::move(lines), seed == nullptr ? 1 : static_cast<unsigned>(std::stoul(seed)));
  for (int i = 0; i < 10'000 && !HasFatalFailure(); ++i) compare(mutations.next());
}

}  // namespace
}  // namespace microvm::contract
