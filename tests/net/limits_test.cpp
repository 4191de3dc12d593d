// What holds per source network, and what all bodies together may take.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <limits>
#include <memory>
#include <thread>

#include "net/memory_budget.h"
#include "net/source_limits.h"

namespace portcullis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
const SourceLimits::Time start = SourceLimits::Time() + std::chrono::hours(1);

int allowed(SourceLimits& limits, const std::string& network, SourceLimits::Time at, int attempts) {
  int count = 0;
  for (int i = 0; i < attempts; ++i) count += limits.may_verify(network, at) ? 1 : 0;
  return count;
}

TEST(SourceLimits, ASourceHasItsShareOfASecond) {
  SourceLimits limits({.verifications_per_s = 100, .verifications_per_source_s = 3});
  EXPECT_EQ(allowed(limits, "a", start, 10), 3);
  EXPECT_EQ(allowed(limits, "b", start, 10), 3) << "one source took another's share";
  EXPECT_EQ(allowed(limits, "a", start + milliseconds(999), 10), 0);
  EXPECT_EQ(allowed(limits, "a", start + seconds(1), 10), 3);
}

TEST(SourceLimits, AllSourcesTogetherHaveOneToo) {
  SourceLimits limits({.verifications_per_s = 5, .verifications_per_source_s = 3});
  EXPECT_EQ(allowed(limits, "a", start, 3), 3);
  EXPECT_EQ(allowed(limits, "b", start, 3), 2);
  EXPECT_EQ(allowed(limits, "c", start, 3), 0);
  EXPECT_EQ(allowed(limits, "c", start + seconds(1), 3), 3);
}

TEST(SourceLimits, TenRecordsAMinute) {
  SourceLimits limits({});
  int recorded = 0;
  for (int i = 0; i < 30; ++i) recorded += limits.may_record("a", start + seconds(i)) ? 1 : 0;
  EXPECT_EQ(recorded, 10);
  EXPECT_TRUE(limits.may_record("b", start + seconds(30)));
  EXPECT_FALSE(limits.may_record("a", start + milliseconds(59'999)));
  EXPECT_TRUE(limits.may_record("a", start + seconds(60)));
}

TEST(SourceLimits, ManySourcesDoNotGrowWithoutEnd) {
  SourceLimits limits({.verifications_per_s = 1'000'000, .verifications_per_source_s = 1});
  for (int i = 0; i < 65536; ++i) {
    ASSERT_TRUE(limits.may_verify("n" + std::to_string(i), start));
  }
  EXPECT_FALSE(limits.may_verify("n0", start));
  EXPECT_TRUE(limits.may_verify("one more", start));
  EXPECT_TRUE(limits.may_verify("n0", start)) << "all were forgotten";
}

TEST(SourceLimits, CountsNeverForget) {
  SourceLimits limits({});
  limits.count(Reason::token_missing, "a");
  limits.count(Reason::token_missing, "a");
  limits.count(Reason::token_missing, "b");
  limits.count(Reason::token_expired, "a");
  std::vector<ShedRow> rows = limits.take_counts();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].count, 2u);
  EXPECT_EQ(rows[0].source, "a");
  EXPECT_EQ(rows[2].reason, Reason::token_expired);
  EXPECT_TRUE(limits.take_counts().empty());
  for (int i = 0; i < 1000; ++i) limits.count(Reason::token_missing, "n" + std::to_string(i));
  rows = limits.take_counts();
  ASSERT_EQ(rows.size(), shed_rows_max);
  std::uint64_t total = 0;
  for (const ShedRow& row : rows) total += row.count;
  EXPECT_EQ(total, 1000u);
  EXPECT_EQ(rows.back().source, "other");
  EXPECT_EQ(rows.front().source, "n0");
}

// ---------------------------------------------------------------- memory

TEST(MemoryLease, GrowsAndShrinksToWhatIsHeld) {
  MemoryBudget budget({10, 10});
  MemoryLease lease(budget);
  EXPECT_TRUE(lease.hold(10));
  EXPECT_TRUE(lease.hold(10)) << "what is held already is not taken again";
  EXPECT_FALSE(lease.hold(11));
  EXPECT_TRUE(lease.hold(10)) << "a refusal took away what was held";
  EXPECT_TRUE(lease.hold(3));
  MemoryLease other(budget);
  EXPECT_TRUE(other.hold(7)) << "what the first no longer holds is free";
  EXPECT_FALSE(lease.hold(4));
}

TEST(MemoryLease, GivesEverythingBack) {
  MemoryBudget budget({10, 10});
  for (int i = 0; i < 3; ++i) {
    MemoryLease lease(budget);
    EXPECT_TRUE(lease.hold(6));
    MemoryLease other(budget);
    EXPECT_FALSE(other.hold(5));
    EXPECT_TRUE(other.hold(4));
  }
}

TEST(MemoryLease, GrowsByWhatIsMissing) {
  MemoryBudget budget({10, 10});
  MemoryLease lease(budget);
  for (std::uint64_t bytes = 1; bytes <= 10; ++bytes) EXPECT_TRUE(lease.hold(bytes));
  EXPECT_FALSE(lease.hold(11));
}

TEST(MemoryLease, APersonsShareIsForAllThatTheyHold) {
  constexpr std::uint64_t mib = 1u << 20;
  MemoryBudget budget({10 * mib, 4 * mib});
  MemoryLease first(budget);
  MemoryLease second(budget);
  MemoryLease other(budget);
  first.charge_to("anna");
  second.charge_to("anna");
  other.charge_to("bob");
  EXPECT_TRUE(first.hold(3 * mib));
  EXPECT_FALSE(second.hold(2 * mib));
  EXPECT_EQ(second.refused_by(), "limits.memory_per_subject_max");
  EXPECT_TRUE(second.hold(mib));
  EXPECT_TRUE(other.hold(4 * mib)) << "another person's share";
  EXPECT_FALSE(other.hold(5 * mib));
  EXPECT_TRUE(first.hold(2 * mib));
  EXPECT_TRUE(second.hold(2 * mib)) << "what the first no longer holds";
  MemoryLease nobody(budget);
  EXPECT_FALSE(nobody.hold(3 * mib))
      << "a refusal of a share took from the whole, or gave too much";
  EXPECT_EQ(nobody.refused_by(), "limits.memory_max");
  EXPECT_TRUE(nobody.hold(2 * mib));
}

TEST(MemoryLease, ARefusalByTheWholeLeavesTheShareAsItWas) {
  constexpr std::uint64_t mib = 1u << 20;
  MemoryBudget budget({4 * mib, 4 * mib});
  MemoryLease nobody(budget);
  EXPECT_TRUE(nobody.hold(3 * mib));
  {
    MemoryLease anna(budget);
    anna.charge_to("anna");
    EXPECT_FALSE(anna.hold(2 * mib));
    EXPECT_EQ(anna.refused_by(), "limits.memory_max");
    EXPECT_TRUE(anna.hold(mib));
  }
  EXPECT_TRUE(nobody.hold(0));
  MemoryLease again(budget);
  again.charge_to("anna");
  EXPECT_TRUE(again.hold(4 * mib)) << "not everything of the share came back";
}

TEST(MemoryLease, WhatIsSmallIsNotLookedUp) {
  MemoryBudget budget({100u << 20, MemoryLease::counted_from});
  std::vector<std::unique_ptr<MemoryLease>> many;
  for (int i = 0; i < 10; ++i) {
    MemoryLease& lease = *many.emplace_back(std::make_unique<MemoryLease>(budget));
    lease.charge_to("anna");
    EXPECT_TRUE(lease.hold(MemoryLease::counted_from - 1));
  }
  EXPECT_TRUE(many.front()->hold(MemoryLease::counted_from));
  EXPECT_FALSE(many.back()->hold(MemoryLease::counted_from));
}

TEST(MemoryBudget, TheLargestLengthDoesNotWrapAround) {
  MemoryBudget budget({1000, 1000});
  MemoryLease lease(budget);
  EXPECT_FALSE(lease.hold(999'999'999'999'999'999u)) << "18 digits, all that http_gate lets pass";
  EXPECT_TRUE(lease.hold(1));
}

TEST(MemoryLease, SharesAreExactUnderConcurrency) {
  constexpr std::uint64_t large = MemoryLease::counted_from;
  MemoryBudget budget({100 * large, 2 * large});
  std::array<std::atomic<int>, 2> held{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, subject = t % 2] {
      for (int i = 0; i < 500; ++i) {
        MemoryLease lease(budget);
        lease.charge_to(subject == 0 ? "anna" : "bob");
        if (!lease.hold(large)) continue;
        EXPECT_LE(++held[subject], 2);
        --held[subject];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  MemoryLease rest(budget);
  rest.charge_to("anna");
  EXPECT_TRUE(rest.hold(2 * large));
}

TEST(MemoryBudget, IsExactUnderConcurrency) {
  MemoryBudget budget({100, 100});
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        if (!budget.take(60)) continue;
        EXPECT_EQ(taken.fetch_add(1), 0) << "two of 60 fit into 100";
        taken.fetch_sub(1);
        budget.give_back(60);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(budget.take(100));
}

}  // namespace
}  // namespace portcullis
