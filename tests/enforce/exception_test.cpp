// Whatever may throw: each allocation of a judgement fails once, and none lets a request through
// that would not have passed, or in another form.
#include <cstdlib>
#include <new>

#include "enforce/record.h"
#include "enforce/support.h"

namespace {
// Allocations until one fails; negative: none does.
thread_local int allocations_left = -1;
}  // namespace

void* operator new(std::size_t bytes) {
  if (allocations_left >= 0 && allocations_left-- == 0) throw std::bad_alloc();
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace portcullis::test {
namespace {

constexpr int allocations_max = 100000;

// Runs `work` with the nth allocation failing, for each n until one run allocates less than n.
template <class Work, class Check>
int with_each_allocation_failing(Work work, Check check) {
  for (int n = 0; n < allocations_max; ++n) {
    bool thrown = false;
    allocations_left = n;
    try {
      work();
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    const bool complete = allocations_left >= 0;
    allocations_left = -1;
    check(thrown);
    if (complete) return n;
  }
  ADD_FAILURE() << "no end of allocations";
  return allocations_max;
}

TEST(Exceptions, NoneLetsAnUnjudgedBodyPass) {
  const Inquiry inquiry = admitted(Site());
  json body = chat_body("my social security number is 536-90-4399");
  body["tools"] = {
      {{"type", "function"}, {"function", {{"name", "f"}, {"parameters", {{"a", 1}}}}}}};
  const std::string sent = body.dump();
  // RE2 does not survive a failed allocation: its automata are built before the first one fails.
  Scanner scanner(inquiry.snapshot->classifier);
  const Ruling expected = judge(inquiry, sent, scanner, evidence_key());
  ASSERT_EQ(expected.decision.effect, Effect::allow) << expected.decision.detail;
  ASSERT_NE(expected.body, sent);

  int denied = 0;
  Ruling ruling;
  const int runs = with_each_allocation_failing(
      [&] {
        ruling = Ruling();
        ruling = judge(inquiry, sent, scanner, evidence_key());
      },
      [&](bool thrown) {
        if (thrown) return;  // before judge() itself: its caller has no ruling at all
        if (ruling.decision.effect == Effect::allow) {
          EXPECT_EQ(ruling.body, expected.body);
          return;
        }
        ++denied;
        EXPECT_TRUE(ruling.body.empty());
        EXPECT_EQ(ruling.forwarded, Digest{});
        EXPECT_NE(ruling.decision.reason, Reason::none);
      });
  EXPECT_GT(denied, 50) << "of " << runs << " allocations";
  EXPECT_EQ(ruling.decision.effect, Effect::allow) << "the last run failed nowhere";
}

// What was half judged is recorded: by then nothing of the caller's may be in it.
TEST(Exceptions, NoneLetsPlainTextIntoTheRecord) {
  RequestHead head = chat_head();
  head.headers.push_back({"user-agent", "a-sentinel 536-90-4399"});
  const Inquiry inquiry = admitted(Site(), head);
  json body = chat_body("", "a-sentinel model");
  body["messages"][0]["content"] = {
      {{"type", "text"}, {"text", "a-sentinel 536-90-4399"}},
      {{"type", "image_url"}, {"image_url", {{"url", "https://a-sentinel-536-90-4399.example"}}}}};
  const std::string sent = body.dump();
  Scanner scanner(inquiry.snapshot->classifier);
  Ruling ruling = judge(inquiry, sent, scanner, evidence_key());
  with_each_allocation_failing(
      [&] {
        ruling = Ruling();
        ruling = judge(inquiry, sent, scanner, evidence_key());
      },
      [&](bool) {
        const std::string record = draft_decision(inquiry, ruling).members();
        EXPECT_EQ(record.find("sentinel"), std::string::npos) << record;
        EXPECT_EQ(record.find("536-90"), std::string::npos) << record;
        EXPECT_EQ(ruling.decision.effect, Effect::deny);
      });
}

}  // namespace
}  // namespace portcullis::test
