// Every row of the contract against one daemon: the reply byte for byte, the files, and what may not be told.
#include <chrono>
#include <map>
#include <ostream>
#include <thread>

#include "tests/contract/daemon_test.h"
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kInvalidPrefix = "invalid request json: ";
/// No error text grows with what was sent.
constexpr std::size_t kMaxErrorText = 1024;

void expect_reply(const Row& row, const std::string& reply) {
  if (row.verdict == Verdict::Ok) {
    EXPECT_EQ(reply, ok_reply(row.id));
    return;
  }
  const std::optional<std::string> error = error_of(reply, row.id);
  ASSERT_TRUE(error) << "not an error reply to " << row.id.substr(0, 100) << ": " << reply.substr(0, 1000);
  if (row.verdict == Verdict::Invalid) {
    EXPECT_THAT(*error, StartsWith(kInvalidPrefix));
  } else {
    EXPECT_THAT(*error, Not(StartsWith(kInvalidPrefix)));
  }
  EXPECT_THAT(*error, HasSubstr(row.mentions));
  EXPECT_THAT(*error, Not(HasSubstr(kMarker)));
  EXPECT_THAT(*error, Not(HasSubstr(kMarkerBase64.substr(0, 8))));
  EXPECT_LE(error->size(), kMaxErrorText);
}

struct Part {
  const char* name;
  std::vector<Row> (*rows)();
  friend std::ostream& operator<<(std::ostream& out, const Part& part) { return out << part.name; }
};

class ContractTable : public DaemonTest, public testing::WithParamInterface<Part> {
 protected:
  void SetUp() override {
    start();
    ASSERT_EQ(daemon().ask(set_env("{}")), kPong);
  }

  // The tree without what the row writes, and without the folders whose times that changes.
  [[nodiscard]] std::map<std::string, std::string> untouched(const Row& row) const {
    auto all = test::tree(paths_.state_dir);
    if (row.env) {
      all.erase(paths_.state_dir);
      all.erase(paths_.env_file);
    }
    if (row.secret) {
      all.erase(paths_.secrets_dir);
      all.erase(paths_.secrets_dir + "/" + row.secret->first);
    }
    return all;
  }

  void expect_files(const Row& row) const {
    if (row.env) {
      EXPECT_EQ(test::read_file(paths_.env_file), *row.env);
      EXPECT_EQ(test::mode_of(paths_.env_file), 0600U);
    }
    if (row.secret) {
      const std::string path = paths_.secrets_dir + "/" + row.secret->first;
      EXPECT_TRUE(test::read_file(path) == row.secret->second) << path;
      EXPECT_EQ(test::mode_of(path), 0600U);
    }
  }
};

TEST_P(ContractTable, RepliesAndFiles) {
  LineClient client = daemon().client();
  for (const Row& row : GetParam().rows()) {
    SCOPED_TRACE(row.name);
    if (row.given_env) test::write_file(paths_.env_file, *row.given_env);
    const auto before = untouched(row);
    expect_reply(row, client.ask(row.request + "\n"));
    EXPECT_TRUE(untouched(row) == before) << "other files were touched";
    expect_files(row);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(client.ask(kPing), kPong);
}

TEST_P(ContractTable, RepliesWithCarriageReturn) {
  LineClient client = daemon().client();
  for (const Row& row : GetParam().rows()) {
    SCOPED_TRACE(row.name);
    if (row.given_env) test::write_file(paths_.env_file, *row.given_env);
    expect_reply(row, client.ask(row.request + "\r\n"));
    expect_files(row);
  }
}

// All rows in one stream: served in order, each answered once, and the last writer of a file has it.
TEST_P(ContractTable, RepliesPipelined) {
  std::vector<Row> rows = GetParam().rows();
  std::erase_if(rows, [](const Row& row) { return row.given_env.has_value(); });
  std::string stream;
  for (const Row& row : rows) stream += row.request + "\n";
  LineClient client = daemon().client();
  std::jthread writer([&client, &stream] { EXPECT_TRUE(client.send(stream)); });
  std::map<std::string, Row> last;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    expect_reply(row, client.read_line().value_or("no answer"));
    if (row.env) last["env"] = row;
    if (row.secret) last[row.secret->first + "/"] = row;
  }
  for (const auto& [what, row] : last) expect_files(row);
}

INSTANTIATE_TEST_SUITE_P(Every, ContractTable,
                         testing::Values(Part{"Syntax", syntax_rows}, Part{"Numbers", number_rows},
                                         Part{"Suite", suite_rows}, Part{"Text", text_rows}, Part{"Ids", id_rows},
                                         Part{"Shape", shape_rows}, Part{"Env", env_rows}, Part{"Merge", merge_rows},
                                         Part{"Secrets", secret_rows}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace microvm::contract
