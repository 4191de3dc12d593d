#include <filesystem>
#include <set>
#include <thread>

#include "audit/support.h"

namespace portcullis::audit {
namespace {

TEST(AuditLog, RecordsWhatItClears) {
  Site site;
  auto log = site.must_open();
  site.stream_key_file();
  auto answers = submit_all(*log, {decision(Effect::allow), decision(Effect::deny), outcome()});
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_TRUE(answers[0].clearance.has_value());
  EXPECT_FALSE(answers[1].clearance.has_value());
  EXPECT_FALSE(answers[2].clearance.has_value());
  for (const Committed& answer : answers) {
    ASSERT_TRUE(answer.receipt.has_value());
    EXPECT_EQ(answer.failure, Reason::none);
    site.receipts.push_back(answer.receipt->text());
  }
  EXPECT_EQ(answers[0].clearance->receipt().text(), site.receipts[0]);
  ASSERT_TRUE(log->close().has_value());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  EXPECT_EQ(report.fault_count, 0u);
  EXPECT_EQ(report.records, 6u);  // open, three, checkpoint, seal
  EXPECT_EQ(report.decisions, 2u);
  EXPECT_EQ(report.outcomes, 1u);
  EXPECT_EQ(report.open_decisions, 0u);
  EXPECT_EQ(report.streams.at(0).stream, log->stream());
  EXPECT_TRUE(report.streams.at(0).sealed);
}

}  // namespace
}  // namespace portcullis::audit
