// The fail-closed matrix of the pure middle: every stage, made to fail in every way that it can
// fail in, gives a denial with nothing to forward.
#include <gmock/gmock.h>

#include <array>
#include <functional>

#include "enforce/record.h"
#include "enforce/support.h"

namespace portcullis::test {
namespace {

// A new stage of judge() is a new row: the count below and the switch hold the two together.
enum class Stage : std::uint8_t {
  identify,
  admit,
  decode,
  extract,
  model,
  classify,
  decide,
  transform
};
constexpr std::size_t stage_count = static_cast<std::size_t>(Stage::transform) + 1;
enum class Failure : std::uint8_t { error, exception, oversize };
constexpr std::size_t failure_count = static_cast<std::size_t>(Failure::oversize) + 1;

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::identify:
      return "identify";
    case Stage::admit:
      return "admit";
    case Stage::decode:
      return "decode";
    case Stage::extract:
      return "extract";
    case Stage::model:
      return "model";
    case Stage::classify:
      return "classify";
    case Stage::decide:
      return "decide";
    case Stage::transform:
      return "transform";
  }
  return "";
}

using Attempt = std::function<Ruling()>;

Ruling refused(const Inquiry& inquiry, const OrDenial<void>& result) {
  EXPECT_FALSE(result.has_value()) << "the stage did not fail";
  Scanner scanner(inquiry.snapshot->classifier);
  return refuse(inquiry, result ? Denial{} : result.error(), scanner, evidence_key());
}

Ruling with_token(const std::string& token) {
  Inquiry inquiry = inquiry_of(Site());
  EXPECT_TRUE(find_route(inquiry));
  inquiry.head.headers.push_back({"authorization", "Bearer " + token});
  const OrDenial<PresentedToken> found = find_token(inquiry);
  if (!found) return refused(inquiry, tl::unexpected<Denial>(found.error()));
  TokenCache cache(1);
  return refused(inquiry, portcullis::identify(inquiry, *found, cache));
}

Ruling with_head(const std::function<void(RequestHead&)>& change) {
  Inquiry inquiry = inquiry_of(Site());
  change(inquiry.head);
  const OrDenial<void> routed = find_route(inquiry);
  return refused(inquiry, routed ? admit(inquiry) : routed);
}

Ruling with_coding(const char* coding, const std::string& body) {
  RequestHead head = chat_head();
  head.headers.push_back({"content-encoding", coding});
  return judged(admitted(Site(), head), body);
}

Ruling with_content(const ContentSection& limits, const std::string& body) {
  Site site;
  site.config.content = limits;
  return judged(admitted(site), body);
}

Ruling with_work(std::uint64_t work_bytes_max) {
  Site site;
  ClassifierOptions options;
  options.work_bytes_max = work_bytes_max;
  site.classifier = classifier_of(options);
  return judged(admitted(site), chat_body(std::string(5000, 'x')).dump());
}

Ruling with_rules(const std::string& rules) {
  Site site;
  std::string text = site_policy;
  text.resize(text.find("rules:"));
  site.policy = policy_of(text + "rules:\n" + rules);
  return judged(admitted(site), chat_body("my ssn is 536-90-4399").dump());
}

json deep_body() {
  json deep = 1;
  for (int i = 0; i < 50; ++i) deep = json::array({std::move(deep)});
  json body = chat_body("hi");
  body["tools"] = {{{"type", "function"},
                    {"function", {{"name", "f"}, {"parameters", {{"enum", std::move(deep)}}}}}}};
  return body;
}

json tool_arguments(const std::string& arguments) {
  json body = chat_body("hi");
  body["messages"].push_back({{"role", "assistant"},
                              {"tool_calls",
                               {{{"id", "c"},
                                 {"type", "function"},
                                 {"function", {{"name", "f"}, {"arguments", arguments}}}}}}});
  return body;
}

// A finding over the quotes between two members of JSON in a string: to replace it would break
// them.
Ruling across_the_structure() {
  Site site;
  ClassifierOptions options;
  options.custom.push_back(
      {.type = "spanning", .data_class = "pii", .pattern = R"(aaa","b":"bbb)"});
  site.classifier = classifier_of(options);
  return judged(admitted(site), tool_arguments(R"({"a":"aaa","b":"bbb"})").dump());
}

struct Cell {
  Stage stage;
  Failure failure;
  const char* code;  // nullptr: cannot happen, because ...
  const char* why_not = nullptr;
  Attempt attempt = nullptr;
};

constexpr const char* no_ruling = "unwinds the session, whose connection ends: there is no ruling";
constexpr const char* thrown_below =
    "every allocation is made to throw, one after the other: see exception_test";

std::vector<Cell> cells_before_the_body() {
  return {
      {Stage::identify, Failure::error, "token_malformed", nullptr,
       [] { return with_token("a.b.c"); }},
      {Stage::identify, Failure::exception, nullptr, no_ruling},
      {Stage::identify, Failure::oversize, "token_too_large", nullptr,
       [] { return with_token(std::string(20000, 'a')); }},
      {Stage::admit, Failure::error, "media_type_unsupported", nullptr,
       [] { return with_head([](RequestHead& head) { head.headers.clear(); }); }},
      {Stage::admit, Failure::exception, nullptr, no_ruling},
      {Stage::admit, Failure::oversize, "path_unknown", nullptr,
       [] { return with_head([](RequestHead& head) { head.path += std::string(60000, 'a'); }); }},
  };
}

std::vector<Cell> cells_of_the_body() {
  return {
      {Stage::decode, Failure::error, "encoding_invalid", nullptr,
       [] { return with_coding("gzip", "not gzip at all"); }},
      {Stage::decode, Failure::exception, nullptr, thrown_below},
      {Stage::decode, Failure::oversize, "decoded_too_large", nullptr,
       [] {
         return with_content({.decoded_bytes_max = 10}, chat_body("more than ten bytes").dump());
       }},
      {Stage::extract, Failure::error, "json_invalid", nullptr,
       [] { return judged(admitted(Site()), "{"); }},
      {Stage::extract, Failure::exception, nullptr, thrown_below},
      {Stage::extract, Failure::oversize, "too_many_texts", nullptr,
       [] { return with_content({.texts_max = 1}, chat_body("hi").dump()); }},
      {Stage::extract, Failure::oversize, "nesting_too_deep", nullptr,
       [] { return with_content({.depth_max = 20}, deep_body().dump()); }},
      {Stage::model, Failure::error, "unknown_model", nullptr,
       [] { return judged(admitted(Site()), chat_body("hi", "never heard of").dump()); }},
      {Stage::model, Failure::exception, nullptr, thrown_below},
      {Stage::model, Failure::oversize, "unknown_model", nullptr,
       [] { return judged(admitted(Site()), chat_body("hi", std::string(100000, 'm')).dump()); }},
  };
}

std::vector<Cell> cells_of_the_judgement() {
  return {
      {Stage::classify, Failure::error, "data_not_covered", nullptr, [] { return with_work(0); }},
      {Stage::classify, Failure::exception, nullptr, thrown_below},
      {Stage::classify, Failure::oversize, "data_not_covered", nullptr,
       [] { return with_work(1); }},
      {Stage::decide, Failure::error, "not_permitted", nullptr,
       [] {
         return with_rules(
             "  - {id: p, effect: permit, match: {subject.groups: {any_of: [x]}}, data_within: "
             "[]}\n");
       }},
      {Stage::decide, Failure::exception, nullptr, thrown_below},
      {Stage::decide, Failure::oversize, "data_not_covered", nullptr,
       [] {
         return with_rules(
             "  - {id: p, effect: permit, match: {subject.kind: person}, data_within: []}\n");
       }},
      {Stage::transform, Failure::error, "unredactable", nullptr,
       [] { return across_the_structure(); }},
      {Stage::transform, Failure::exception, nullptr, thrown_below},
      {Stage::transform, Failure::oversize, nullptr,
       "bounded by the body, which the stages before have measured"},
  };
}

std::vector<Cell> matrix() {
  std::vector<Cell> all = cells_before_the_body();
  for (Cell& cell : cells_of_the_body()) all.push_back(std::move(cell));
  for (Cell& cell : cells_of_the_judgement()) all.push_back(std::move(cell));
  return all;
}

TEST(FailClosed, EveryStageIsListedWithEveryFailure) {
  std::array<std::array<int, failure_count>, stage_count> seen{};
  for (const Cell& cell : matrix()) {
    ++seen[static_cast<std::size_t>(cell.stage)][static_cast<std::size_t>(cell.failure)];
    EXPECT_NE(cell.code == nullptr, cell.why_not == nullptr) << name_of(cell.stage);
    EXPECT_EQ(cell.code != nullptr, static_cast<bool>(cell.attempt)) << name_of(cell.stage);
  }
  for (std::size_t stage = 0; stage < stage_count; ++stage) {
    for (const int rows : seen[stage]) {
      EXPECT_GT(rows, 0) << "a cell is missing for " << name_of(static_cast<Stage>(stage));
    }
  }
}

TEST(FailClosed, EveryFailureIsADenialWithNothingToForward) {
  for (const Cell& cell : matrix()) {
    if (!cell.attempt) continue;
    SCOPED_TRACE(std::string(name_of(cell.stage)) + ": " + cell.code);
    const Ruling ruling = cell.attempt();
    EXPECT_EQ(ruling.decision.effect, Effect::deny);
    EXPECT_EQ(reason_code(ruling.decision.reason), cell.code) << ruling.decision.detail;
    EXPECT_TRUE(ruling.body.empty());
    EXPECT_EQ(ruling.forwarded, Digest{});
    EXPECT_FALSE(ruling.decision.detail.empty()) << "the caller is not told why";
    Inquiry inquiry = inquiry_of(Site());
    const Draft draft = draft_decision(inquiry, ruling);
    EXPECT_EQ(draft.effect(), Effect::deny);
    EXPECT_THAT(draft.members(), ::testing::HasSubstr(R"("effect":"deny")"));
    EXPECT_THAT(draft.members(), ::testing::Not(::testing::HasSubstr(R"("forwarded":)")));
  }
}

}  // namespace
}  // namespace portcullis::test
