// The fixture of protocol 2.
#include "tests/contract/transaction_test.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

namespace microvm::contract {
namespace {

constexpr std::array<long, 4> kDurable = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC};

bool is_durable(const std::string& dir) {
  struct statfs status{};
  EXPECT_EQ(::statfs(dir.c_str(), &status), 0);
  return std::ranges::find(kDurable, status.f_type) != kDurable.end();
}

}  // namespace

std::string request(std::string_view op, std::string_view fields) {
  return R"({"op":")" + std::string(op) + R"(","id":"x")" + (fields.empty() ? "" : ",") + std::string(fields) + "}\n";
}

Change TransactionTest::change(std::string_view op, std::string_view fields) {
  const std::string reply = ask(op, fields);
  const std::optional<Change> change = change_of(reply);
  EXPECT_TRUE(change) << reply;
  if (!change) return {};
  EXPECT_EQ(change->durable, is_durable(paths_.state_dir)) << reply;
  return *change;
}

std::string TransactionTest::refusal(std::string_view op, std::string_view fields) {
  const auto before = test::tree(paths_.state_dir);
  const std::string reply = ask(op, fields);
  const std::optional<Refusal> refusal = refusal_of(reply);
  EXPECT_TRUE(refusal) << reply;
  EXPECT_TRUE(test::tree(paths_.state_dir) == before) << "files were touched";
  return refusal.value_or(Refusal()).code;
}

std::string TransactionTest::etag() {
  constexpr std::string_view kBegin = R"({"id":"x","ok":true,"etag":")";
  const std::string stat = ask("stat");
  EXPECT_THAT(stat, testing::StartsWith(kBegin));
  return stat.substr(kBegin.size(), stat.find('"', kBegin.size()) - kBegin.size());
}

std::string TransactionTest::retired() const {
  for (const std::string& name : test::names_in(paths_.state_dir)) {
    if (name.starts_with(".microvm-set.")) return in_state(name);
  }
  return "";
}

}  // namespace microvm::contract
