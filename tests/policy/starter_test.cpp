// The policy that ships: it loads without a warning, and does what its comments promise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/support.h"

namespace portcullis {
namespace {

class Starter : public testing::Test {
 protected:
  void SetUp() override {
    PolicyContext context = test::context();
    std::erase(context.data_classes, "source_code");  // no detector that ships reports it
    const PolicyLoad load = load_policy(
        test::slurp(PORTCULLIS_SOURCE_DIR "/config/policies/starter.yaml"), "starter", context);
    EXPECT_THAT(load.errors, testing::IsEmpty());
    EXPECT_THAT(load.warnings, testing::IsEmpty());
    ASSERT_NE(load.policy, nullptr);
    policy_ = load.policy;
    input_.subject.kind = SubjectKind::person;
    input_.request.action = "chat";
    input_.model.name = "gpt-4o";
    input_.model.entry = "general";
  }

  Reason reason_with(std::vector<DataItem> data) {
    input_.data = std::move(data);
    return decide(*policy_, input_).reason;
  }

  static DataItem item(const std::string& data_class) {
    return {"type", {data_class}, Confidence::low, 1, true};
  }

  std::shared_ptr<const PolicySet> policy_;
  PolicyInput input_;
};

TEST_F(Starter, PeoplePassAndOthersDoNot) {
  EXPECT_EQ(reason_with({}), Reason::none);
  input_.subject.kind = SubjectKind::service;
  EXPECT_EQ(reason_with({}), Reason::not_permitted);
  input_.subject.kind = SubjectKind::unresolved;
  EXPECT_EQ(reason_with({}), Reason::not_permitted);
}

TEST_F(Starter, DataIsTakenOutOrStopped) {
  EXPECT_EQ(reason_with({item("contact")}), Reason::none);
  for (const char* name : {"pci", "pii", "npi", "personal_eu"}) {
    EXPECT_EQ(reason_with({item(name)}), Reason::none) << name;
    EXPECT_TRUE(is_redacted(item(name), decide(*policy_, input_).obligations)) << name;
  }
  EXPECT_EQ(reason_with({item("secret")}), Reason::forbidden);
  EXPECT_EQ(reason_with({item("phi")}), Reason::forbidden);
  EXPECT_EQ(reason_with({item("unscanned.image")}), Reason::data_not_covered);
  EXPECT_EQ(reason_with({{"us_ssn", {"pii"}, Confidence::high, 21, true}}), Reason::forbidden);
  EXPECT_EQ(reason_with({{"us_ssn", {"pii"}, Confidence::high, 1, false}}), Reason::unredactable);
}

TEST_F(Starter, OnlyListedModels) {
  input_.model.entry = "";
  EXPECT_EQ(reason_with({}), Reason::unknown_model);
  input_.model.entry = "general";
  input_.model.name = "gpt-5";
  EXPECT_EQ(reason_with({}), Reason::unknown_model);
}

}  // namespace
}  // namespace portcullis
