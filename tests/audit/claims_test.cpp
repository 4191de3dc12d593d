// What a log says of others, and others of it: anchors, approvals, predecessors. Each claim here is
// told by one who holds the log's keys, and is wrong in one way.
#include <algorithm>
#include <filesystem>

#include "audit/approval.h"
#include "audit/checkpoint.h"
#include "audit/forge.h"
#include "audit/input.h"
#include "audit/support.h"
#include "base/encoding.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

class Claims : public testing::Test {
 protected:
  void SetUp() override { fill(site_); }

  // Three segments of five records: open, decision, outcome, checkpoint, seal.
  static void fill(Site& site) {
    for (int start = 0; start < 3; ++start) {
      auto log = site.must_open();
      site.stream_key_file();
      ASSERT_TRUE(log->commit(decision(Effect::allow)).has_value());
      ASSERT_TRUE(log->commit(outcome()).has_value());
      ASSERT_TRUE(log->close().has_value());
    }
    write_text(site.path("approver.pub"), *public_key_pem(approver().public_key()));
  }
  static const SigningKey& approver() {
    static const SigningKey key = SigningKey::generate();
    return key;
  }
  static std::string origin(const ForgedRecord& record) {
    return "portcullis/" + hex(record.head.stream);
  }

  // Record 12 says this in the place of an outcome.
  VerifyReport say(RecordType type, const std::function<std::string(const ForgedRecord&)>& what) {
    const Forger forger = Forger::of(site_);
    forge(site_.log_directory(), forger, [&](ForgedRecord& record) {
      if (record.head.seq != 12) return;
      record.members = what(record);
      record.head.type = type;
    });
    return verify(site_);
  }
  static VerifyReport verify(Site& site, const std::vector<std::string>& more = {}) {
    VerifyOptions options;
    options.directories = {site.log_directory()};
    options.directories.insert(options.directories.end(), more.begin(), more.end());
    options.approver_key_file = site.path("approver.pub");
    return verify_log(options);
  }
  static void expect_fault(const VerifyReport& report, const std::string& line,
                           const std::string& says) {
    EXPECT_EQ(report.exit, VerifyExit::integrity) << says;
    EXPECT_TRUE(std::any_of(report.faults.begin(), report.faults.end(),
                            [&](const Fault& fault) {
                              return fault.text().find(line) != std::string::npos &&
                                     fault.message.find(says) != std::string::npos;
                            }))
        << says << '\n'
        << problems(report);
  }

  static std::string anchor(const std::string& kind, const std::string& note) {
    std::string out;
    JsonWriter(out).string("kind", kind).string("note", note);
    return out;
  }
  static std::string retention(const Approval& approval, const std::string& dropped,
                               const SigningKey& key) {
    std::string out;
    JsonWriter(out).string("approval", *sign_approval(approval, key)).name("dropped").raw(dropped);
    return out;
  }

  Site site_;
};

const char* const place_of_12 = "00000000000000000010.jsonl:3:";

TEST_F(Claims, AnAnchorIsOfThisLog) {
  const Forger forger = Forger::of(site_);
  const auto own = [&](const std::string& name, std::uint64_t size) {
    return sign_checkpoint({name, size, {}}, forger.signing_key);
  };
  const std::pair<std::function<std::string(const ForgedRecord&)>, const char*> wrong[] = {
      {[&](const auto& r) { return anchor("rumour", own(origin(r), 8)); }, "not in form"},
      {[&](const auto& r) { return anchor("time_stamp", own(origin(r), 8)); }, "not in form"},
      {[&](const auto&) { return std::string("\"kind\":\"witness\""); }, "not in form"},
      {[&](const auto& r) {
         return anchor("witness", sign_checkpoint({origin(r), 8, {}}, SigningKey::generate()));
       },
       "not signed"},
      {[&](const auto& r) { return anchor("witness", own("x" + origin(r), 8)); },
       "the anchor is not one of this log"},
      {[&](const auto& r) { return anchor("witness", own(origin(r), 13)); },
       "the anchor is not one of this log"},
      {[&](const auto& r) { return anchor("witness", own(origin(r), 8)); },
       "checkpoint is not one of this log"},
      {[&](const auto& r) { return anchor("witness", own(origin(r), 7)); },
       "checkpoint is not one of this log"},
      {[&](const auto& r) { return anchor("time_stamp", own(origin(r), 8)) + ",\"reply\":\"!\""; },
       "checkpoint is not one of this log"},
  };
  for (const auto& [what, says] : wrong) {
    expect_fault(say(RecordType::anchor, what), place_of_12, says);
  }
}

TEST_F(Claims, AnApprovalIsForThisLogAndForWhatIsPast) {
  const auto approved = [&](const std::function<void(Approval&)>& set,
                            const std::string& dropped = "[]") {
    return [&, set, dropped](const ForgedRecord& record) {
      Approval approval{origin(record), {}, {}, {}};
      set(approval);
      return retention(approval, dropped, approver());
    };
  };
  EXPECT_EQ(say(RecordType::retention, approved([](auto& a) {
                  a.erase = {{6, 6}};
                }))
                .exit,
            VerifyExit::unanchored);
  const std::string roots = std::string("\"roots\":[\"") + std::string(64, '0') + "\"]";
  const std::pair<std::function<std::string(const ForgedRecord&)>, const char*> wrong[] = {
      {[](const auto&) { return std::string("\"dropped\":[]"); }, "no approval"},
      {[](const auto& r) {
         return retention({origin(r), {}, {{6, 6}}, {}}, "[]", SigningKey::generate());
       },
       "permits nothing"},
      {approved([](auto& a) {
         a.origin = "elsewhere/" + std::string(32, '0');
         a.erase = {{6, 6}};
       }),
       "for another log"},
      {approved([](auto& a) {
         a.erase = {{6, 10}};
       }),
       "earlier segment"},
      {approved([](auto& a) {
         a.acknowledge = {{11, 11}};
       }),
       "earlier segment"},
      {approved([](auto& a) {
         a.drop = {{5, 12}};
       }),
       "earlier segment"},
      {approved([](auto& a) {
         a.drop = {{0, 4}};
       }),
       "record 0"},
      {approved([](auto& a) {
         a.drop = {{5, 9}};
       }),
       "not what was approved"},
      {approved(
           [](auto& a) {
             a.drop = {{8, 8}};
           },
           "[{\"first\":8,\"last\":9," + roots + "}]"),
       "not what was approved"},
      {approved(
           [](auto& a) {
             a.drop = {{8, 9}};
           },
           "[{\"first\":8,\"last\":9,\"roots\":[]}]"),
       "not what was approved"},
  };
  for (const auto& [what, says] : wrong) {
    expect_fault(say(RecordType::retention, what), place_of_12, says);
  }
}

TEST_F(Claims, AcknowledgedDamageIsANote) {
  const Forger forger = Forger::of(site_);
  forge(site_.log_directory(), forger, [&](ForgedRecord& record) {
    if (record.head.seq == 6) record.members += ",\"x\":1.5";
    if (record.head.seq != 12) return;
    record.head.type = RecordType::retention;
    record.members = retention({origin(record), {}, {}, {{6, 6}, {9, 9}}}, "[]", approver());
  });
  const VerifyReport report = verify(site_);
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  EXPECT_TRUE(std::any_of(report.notes.begin(), report.notes.end(), [](const std::string& note) {
    return note.find("acknowledged: ") != std::string::npos;
  }));
}

// Signed by somebody else under the witness' name and key id.
TEST_F(Claims, ACosignatureOfATrustedKeyVerifies) {
  const SigningKey witness = SigningKey::generate();
  const SigningKey stranger = SigningKey::generate();
  const std::string note = read_text(site_.log_directory() + "/checkpoint");
  VerifyOptions options;
  options.directories = {site_.log_directory()};
  options.public_key_file = site_.path("signing.pub");
  options.witness_key_files = {site_.path("witness.vkey")};
  options.anchor_files = {site_.path("kept")};
  write_text(site_.path("witness.vkey"), witness_key(witness));
  write_text(site_.path("kept"), cosigned(note, {witness, witness, 1'790'000'010}));
  EXPECT_EQ(verify_log(options).exit, VerifyExit::whole) << problems(verify_log(options));
  write_text(site_.path("kept"), cosigned(note, {witness, stranger, 1'790'000'010}));
  expect_fault(verify_log(options), "/kept:0:0:", "");
  write_text(site_.path("kept"), cosigned(note, {stranger, stranger, 1'790'000'010}));
  EXPECT_EQ(verify_log(options).exit, VerifyExit::unanchored);
  // The same text under another log key.
  const auto checkpoint = open_checkpoint(note, Forger::of(site_).signing_key.public_key());
  ASSERT_TRUE(checkpoint.has_value());
  write_text(site_.path("kept"), sign_checkpoint(*checkpoint, stranger));
  expect_fault(verify_log(options), "/kept:0:0:", "not signed");
}

TEST_F(Claims, DroppedRecordsLeaveTheirRoots) {
  const Forger forger = Forger::of(site_);
  forge(site_.log_directory(), forger, [](ForgedRecord&) {});
  std::vector<Digest> leaves;
  const std::string segment = segment_paths(site_.log_directory())[1];
  const std::string text = read_text(segment);
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    leaves.push_back(parse_record(text.substr(at, text.find('\n', at) - at))->leaf);
  }
  ASSERT_EQ(leaves.size(), 5u);
  const auto dropped = [&](const Digest& last) {
    std::string out = "[{\"first\":5,\"last\":9,\"roots\":[";
    out += '"' + hex(leaves[0]) + "\",\"" + hex(node_hash(leaves[1], leaves[2])) + "\",\"";
    return out + hex(last) + "\"]}]";
  };
  const auto drop = [&](const Digest& last) {
    write_text(segment, text);
    const VerifyReport before = say(RecordType::retention, [&](const auto& r) {
      return retention({origin(r), {{5, 9}}, {}, {}}, dropped(last), approver());
    });
    EXPECT_EQ(before.exit, VerifyExit::unanchored) << problems(before);
    std::filesystem::remove(segment);
    return verify(site_);
  };
  const VerifyReport good = drop(node_hash(leaves[3], leaves[4]));
  EXPECT_EQ(good.exit, VerifyExit::unanchored) << problems(good);
  ASSERT_EQ(good.streams.at(0).dropped.size(), 1u);
  EXPECT_EQ(good.streams.at(0).dropped[0].last, 9u);
  expect_fault(drop(node_hash(leaves[4], leaves[3])), "0010.jsonl:1:0:10:", "are not its tree's");
}

// A second stream whose genesis names the first.
class Links : public Claims {
 protected:
  void SetUp() override {
    Claims::SetUp();
    fill(after_);
    copy_directory(after_.log_directory(), after_.path("unlinked"));
    const VerifyReport report = verify(site_);
    origin_ = report.streams.at(0).origin;
    std::ranges::copy(*from_hex(report.root), root_.begin());
  }
  VerifyReport follow(const Checkpoint& checkpoint, const std::string& reason, const PublicKey& key,
                      const SigningKey& signer) {
    std::string predecessor;
    JsonWriter json(predecessor);
    json.begin_object().name("public_key").hex(key);
    json.string("note", sign_checkpoint(checkpoint, signer)).string("reason", reason).end_object();
    return follow(predecessor);
  }
  VerifyReport follow(const std::string& predecessor) {
    copy_directory(after_.path("unlinked"), after_.log_directory());
    forge(after_.log_directory(), Forger::of(after_), [&](ForgedRecord& record) {
      if (record.head.seq != 0) return;
      const std::string begin = "\"genesis\":{";
      const std::size_t at = record.members.find(begin);
      record.members.insert(at + begin.size(), "\"predecessor\":" + predecessor + ',');
    });
    return verify(after_, {site_.log_directory()});
  }

  Site after_;
  std::string origin_;
  Digest root_{};
};

TEST_F(Links, HoldOnlyIfThePredecessorIsTheOneThatIsNamed) {
  const SigningKey key = Forger::of(site_).signing_key;
  const PublicKey name = key.public_key();
  const SigningKey stranger = SigningKey::generate();
  const VerifyReport good = follow({origin_, 15, root_}, "rotated", name, key);
  EXPECT_EQ(good.exit, VerifyExit::unanchored) << problems(good);
  const std::string place = "00000000000000000000.jsonl:";
  expect_fault(follow({origin_, 15, root_}, "rotated", name, stranger), place, "not one");
  expect_fault(follow({origin_, 15, {}}, "rotated", name, key), place, "predecessor is not");
  expect_fault(follow({origin_, 16, root_}, "rotated", name, key), place, "only 15");
  expect_fault(follow({origin_, 14, root_}, "rotated", name, key), place, "goes on after");
  expect_fault(follow({origin_, 15, root_}, "rotated", stranger.public_key(), stranger), place,
               "key is not that of");
  expect_fault(follow("{\"reason\":\"rotated\"}"), place, "not in form");
  expect_fault(follow({origin_, 15, root_}, "bored", name, key), place, "not in form");
}

// The successor's key vouches for the predecessor's.
TEST_F(Links, CarryTrustFromTheKeyThatWasGiven) {
  const SigningKey key = Forger::of(site_).signing_key;
  follow({origin_, 15, root_}, "rotated", key.public_key(), key);
  VerifyOptions options;
  options.directories = {site_.log_directory(), after_.log_directory()};
  options.public_key_file = after_.path("signing.pub");
  EXPECT_EQ(verify_log(options).exit, VerifyExit::unanchored) << problems(verify_log(options));
  options.directories = {site_.log_directory()};
  EXPECT_EQ(verify_log(options).exit, VerifyExit::integrity);
}

}  // namespace
}  // namespace portcullis::audit
