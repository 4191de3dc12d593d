#include "audit/summary.h"

#include "audit/support.h"

namespace portcullis::audit {
namespace {

TEST(Summary, SaysWhatAPersonLooksFor) {
  Site site;
  auto log = site.must_open();
  DecisionDraft draft;
  draft.id = "01999999-0000-7000-8000-000000000002";
  draft.input = R"({"subject":{"id":"jane"},"model":{"name":"gpt-4o"},"data":[{"type":"us_ssn",)"
                R"("classes":["pii","gov_id"]},{"type":"iban","classes":["financial","pii"]}]})";
  draft.evidence = "{}";
  draft.decision.reason = Reason::forbidden;
  draft.decision.rules = {"no-ids", "eu-only"};
  ASSERT_TRUE(log->commit(make_draft(draft)).has_value());
  ASSERT_TRUE(log->commit(Draft(RecordType::change, R"("what":[],"id":7)")).has_value());
  ASSERT_TRUE(log->close().has_value());

  std::vector<RecordSummary> rows;
  const auto unreadable =
      visit_records(site.log_directory(),
                    [&](const RecordSummary& row, std::string_view) { rows.push_back(row); });
  ASSERT_TRUE(unreadable.has_value());
  EXPECT_EQ(*unreadable, 0u);
  ASSERT_EQ(rows.size(), 5u);
  const RecordSummary& row = rows[1];
  EXPECT_EQ(row.seq, 1u);
  EXPECT_EQ(row.type, "decision");
  EXPECT_EQ(row.id, draft.id);
  EXPECT_EQ(row.person, "jane");
  EXPECT_EQ(row.effect, "deny");
  EXPECT_EQ(row.reason, "forbidden");
  EXPECT_EQ(row.rules, "eu-only,no-ids");
  EXPECT_EQ(row.model, "gpt-4o");
  EXPECT_EQ(row.classes, "financial,gov_id,pii");
  EXPECT_EQ(rows[2].type, "change");
  EXPECT_EQ(rows[2].person, "");
}

TEST(Summary, CountsLinesThatAreNoRecords) {
  Site site;
  { auto log = site.must_open(); }
  const std::string path = segment_paths(site.log_directory()).at(0);
  write_text(path, "garbage\n" + read_text(path) + "torn");
  int rows = 0;
  const auto unreadable =
      visit_records(site.log_directory(), [&](const RecordSummary&, std::string_view) { ++rows; });
  EXPECT_EQ(unreadable.value_or(0), 2u);
  EXPECT_EQ(rows, 3);
  EXPECT_FALSE(visit_records(site.path("none"), {}).has_value());
}

}  // namespace
}  // namespace portcullis::audit
