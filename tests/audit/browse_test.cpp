#include "audit/browse.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "audit/log_tail.h"
#include "audit/support.h"

namespace portcullis::audit {
namespace {

Draft decide_about(const std::string& person, Effect effect, const std::string& data_class) {
  DecisionDraft draft;
  draft.id = "01999999-0000-7000-8000-000000000002";
  draft.input = R"({"subject":{"id":")" + person +
                R"("},"model":{"name":"gpt-4o"},"data":[{"type":"us_ssn","classes":["gov_id",")" +
                data_class + R"("]}]})";
  draft.evidence = "{}";
  draft.decision.effect = effect;
  draft.decision.reason = effect == Effect::allow ? Reason::none : Reason::forbidden;
  draft.decision.rules = {"no-ids", "eu-only"};
  return make_draft(draft);
}

class BrowseTest : public ::testing::Test {
 protected:
  BrowseTest() {
    auto log = site_.must_open();
    commit(*log, decide_about("jane", Effect::deny, "pii"));
    commit(*log, Draft(RecordType::change, R"("what":[],"id":7)"));
    site_.clock.advance(std::chrono::seconds(30));
    commit(*log, decide_about("john", Effect::allow, "financial"));
    commit(*log, outcome("01999999-0000-7000-8000-000000000002"));
    EXPECT_TRUE(log->close());
  }
  static void commit(AuditLog& log, Draft draft) { EXPECT_TRUE(log.commit(std::move(draft))); }

  std::vector<RecordSummary> find(const RecordFilter& filter, std::uint64_t last = 0) {
    std::vector<RecordSummary> rows;
    const auto browsed =
        browse({site_.log_directory(), filter, last, {}}, [&](const StoredRecord& record) {
          rows.push_back(record.summary);
          return Visit::go_on;
        });
    EXPECT_TRUE(browsed);
    if (browsed) {
      EXPECT_EQ(browsed->matched, rows.size());
      unreadable_ = browsed->unreadable;
    }
    return rows;
  }
  std::vector<std::uint64_t> seqs(const RecordFilter& filter, std::uint64_t last = 0) {
    std::vector<std::uint64_t> out;
    for (const RecordSummary& row : find(filter, last)) out.push_back(row.seq);
    return out;
  }

  Site site_;
  std::uint64_t unreadable_ = 0;
};

using Seqs = std::vector<std::uint64_t>;

TEST_F(BrowseTest, SaysWhatAPersonLooksFor) {
  const auto rows = find({});
  ASSERT_EQ(rows.size(), 7u);  // open, four, checkpoint, seal
  const RecordSummary& row = rows[1];
  EXPECT_EQ(row.seq, 1u);
  EXPECT_EQ(row.type, "decision");
  EXPECT_EQ(row.id, "01999999-0000-7000-8000-000000000002");
  EXPECT_EQ(row.person, "jane");
  EXPECT_EQ(row.effect, "deny");
  EXPECT_EQ(row.reason, "forbidden");
  EXPECT_EQ(row.rules, "eu-only,no-ids");
  EXPECT_EQ(row.model, "gpt-4o");
  EXPECT_EQ(row.classes, "gov_id,pii");
  EXPECT_EQ(rows[2].type, "change");
  EXPECT_EQ(rows[2].person, "");
  EXPECT_EQ(unreadable_, 0u);
}

TEST_F(BrowseTest, EveryFilterChooses) {
  RecordFilter filter;
  const auto with = [](std::string RecordFilter::*member, const std::string& value) {
    RecordFilter one;
    one.*member = value;
    return one;
  };
  EXPECT_EQ(seqs(with(&RecordFilter::person, "jane")), (Seqs{1}));
  EXPECT_EQ(seqs(with(&RecordFilter::effect, "allow")), (Seqs{3}));
  EXPECT_EQ(seqs(with(&RecordFilter::data_class, "gov_id")), (Seqs{1, 3}));
  EXPECT_EQ(seqs(with(&RecordFilter::data_class, "pii")), (Seqs{1}));
  EXPECT_EQ(seqs(with(&RecordFilter::data_class, "pi")), (Seqs{}));
  EXPECT_EQ(seqs(with(&RecordFilter::rule, "no-ids")), (Seqs{1, 3}));
  EXPECT_EQ(seqs(with(&RecordFilter::type, "change")), (Seqs{2}));
  EXPECT_EQ(seqs(with(&RecordFilter::id, "01999999-0000-7000-8000-000000000002")), (Seqs{1, 3, 4}));
  const std::string later = find({})[3].time;
  EXPECT_EQ(seqs(with(&RecordFilter::from, later)), (Seqs{3, 4, 5, 6}));
  EXPECT_EQ(seqs(with(&RecordFilter::to, later)), (Seqs{0, 1, 2}));
  filter.person = "jane";
  filter.effect = "allow";
  EXPECT_EQ(seqs(filter), (Seqs{}));
}

TEST_F(BrowseTest, TheNewestOnlyAcrossSegments) {
  site_.options.segment_bytes_max = 6000;
  {
    auto log = site_.must_open();
    for (int i = 0; i < 20; ++i) commit(*log, decide_about("jane", Effect::deny, "pii"));
    EXPECT_TRUE(log->close());
  }
  const Seqs all = seqs({});
  for (const std::uint64_t last : {1u, 2u, 7u, 20u, 1000u}) {
    const std::size_t kept = std::min<std::size_t>(last, all.size());
    EXPECT_EQ(seqs({}, last), Seqs(all.end() - static_cast<std::ptrdiff_t>(kept), all.end()));
  }
  RecordFilter filter;
  filter.person = "john";
  EXPECT_EQ(seqs(filter, 5), (Seqs{3}));
}

TEST_F(BrowseTest, CountsLinesThatAreNoRecords) {
  const std::string path = segment_paths(site_.log_directory()).at(0);
  write_text(path, "garbage\n" + read_text(path) + "torn");
  EXPECT_EQ(find({}).size(), 7u);
  EXPECT_EQ(unreadable_, 2u);
  EXPECT_FALSE(browse({site_.path("none"), {}, 0, {}}, {}));
}

TEST_F(BrowseTest, FollowsAcrossRollsAndRestarts) {
  site_.options.segment_bytes_max = 6000;
  Seqs seen;
  const RecordVisitor visitor = [&](const StoredRecord& record) {
    seen.push_back(record.summary.seq);
    return Visit::go_on;
  };
  const auto browsed = browse({site_.log_directory(), {}, 0, {}}, visitor);
  ASSERT_TRUE(browsed);
  LogTail tail(site_.log_directory(), {}, browsed->end);
  for (int start = 0; start < 3; ++start) {
    auto log = site_.must_open();
    for (int i = 0; i < 15; ++i) {
      commit(*log, decide_about("jane", Effect::deny, "pii"));
      ASSERT_TRUE(tail.poll(visitor));
    }
    EXPECT_TRUE(log->close());
  }
  ASSERT_TRUE(tail.poll(visitor));
  const Seqs all = seqs({});
  EXPECT_EQ(seen, all);
  ASSERT_TRUE(tail.poll(visitor));
  EXPECT_EQ(seen, all) << "nothing twice";
}

TEST_F(BrowseTest, FollowingWaitsForTheEndOfALine) {
  const std::string path = segment_paths(site_.log_directory()).at(0);
  const std::string text = read_text(path);
  const std::size_t half = text.rfind('\n', text.size() - 2) + 40;
  Seqs seen;
  const RecordVisitor visitor = [&](const StoredRecord& record) {
    seen.push_back(record.summary.seq);
    return Visit::go_on;
  };
  LogTail tail(site_.log_directory(), {}, {});
  write_text(path, text.substr(0, half) + std::string(5000, '\0'));
  ASSERT_TRUE(tail.poll(visitor));
  EXPECT_EQ(seen, (Seqs{0, 1, 2, 3, 4, 5}));
  write_text(path, text + std::string(5000, '\0'));
  ASSERT_TRUE(tail.poll(visitor));
  EXPECT_EQ(seen, (Seqs{0, 1, 2, 3, 4, 5, 6}));
}

TEST_F(BrowseTest, AVisitorCanStop) {
  int visited = 0;
  const auto browsed = browse({site_.log_directory(), {}, 0, {}}, [&](const StoredRecord&) {
    return ++visited == 2 ? Visit::stop : Visit::go_on;
  });
  ASSERT_TRUE(browsed);
  EXPECT_EQ(visited, 2);
}

}  // namespace
}  // namespace portcullis::audit
