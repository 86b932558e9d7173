// Every row of protocol 2 against one daemon: the reply, all files, the etag, and what may not be told.
#include <ostream>

#include "tests/contract/change_row.h"
#include "tests/contract/row.h"
#include "tests/contract/transaction_test.h"

namespace microvm::contract {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Part {
  const char* name;
  std::vector<ChangeRow> (*rows)();
  friend std::ostream& operator<<(std::ostream& out, const Part& part) { return out << part.name; }
};

class ChangeTable : public TransactionTest, public testing::WithParamInterface<Part> {
 protected:
  void SetUp() override { start(); }

  // By way of another epoch: no replaced set is left.
  void give() {
    change("apply", R"("epoch":"between")");
    change("apply", R"("epoch":"e","env":{"A":"hunter2","B":"2"},"secrets":{"a":"aHVudGVyMg==","b":"Yg=="})");
    ASSERT_EQ(state(), given());
    ASSERT_THAT(faults::leftovers(paths_), testing::IsEmpty());
  }

  void expect_done(const ChangeRow& row, const std::string& reply) {
    const std::optional<Change> change = change_of(reply);
    ASSERT_TRUE(change) << reply;
    EXPECT_EQ(change->changed, row.changes);
    EXPECT_EQ(change->etag, etag());
  }
  static void expect_refused(const ChangeRow& row, const std::string& reply) {
    const std::optional<Refusal> refusal = refusal_of(reply);
    ASSERT_TRUE(refusal) << reply;
    EXPECT_EQ(refusal->code, row.code);
    EXPECT_THAT(refusal->error, HasSubstr(row.mentions));
  }
};

TEST_P(ChangeTable, RepliesAndFiles) {
  for (const ChangeRow& row : GetParam().rows()) {
    SCOPED_TRACE(row.name);
    give();
    const std::string etag_before = etag();
    const auto tree_before = test::tree(paths_.state_dir);
    const std::string reply = daemon().ask(row.request + "\n");
    row.code.empty() ? expect_done(row, reply) : expect_refused(row, reply);
    EXPECT_THAT(reply, Not(HasSubstr(kMarker)));
    EXPECT_THAT(reply, Not(HasSubstr(kMarkerBase64.substr(0, 8))));
    EXPECT_EQ(state(), row.after);
    EXPECT_NE(etag() == etag_before, row.changes);
    if (!row.changes) {
      EXPECT_TRUE(test::tree(paths_.state_dir) == tree_before) << "files were touched";
    }
    EXPECT_THAT(faults::leftovers(paths_, row.changes), testing::IsEmpty());
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ChangeTable,
                         testing::Values(Part{"Apply", apply_rows}, Part{"Epochs", epoch_rows},
                                         Part{"Refusals", apply_refusal_rows}, Part{"Removals", removal_rows}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace microvm::contract
