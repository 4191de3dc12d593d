// What one who holds every key of a log can and cannot do to it unnoticed: each lie is told in a
// log that is otherwise consistent, so that exactly one check of the verifier stands against it.
#include <algorithm>
#include <filesystem>
#include <thread>

#include "audit/checkpoint.h"
#include "audit/forge.h"
#include "audit/input.h"
#include "audit/support.h"
#include "base/encoding.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

// Three segments, closed: open, decision, outcome, checkpoint, seal each.
void fill(Site& site) {
  for (int start = 0; start < 3; ++start) {
    auto log = site.must_open();
    site.stream_key_file();
    ASSERT_TRUE(log->commit(decision(Effect::allow)).has_value());
    ASSERT_TRUE(log->commit(outcome()).has_value());
    ASSERT_TRUE(log->close().has_value());
    site.clock.advance(std::chrono::seconds(10));
  }
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << text;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// The place of line `number` of a file, as faults name it.
std::string place(const std::string& path, std::uint64_t number, const std::string& seq) {
  const std::string text = read_text(path);
  std::size_t offset = 0;
  for (std::uint64_t i = 1; i < number; ++i) offset = text.find('\n', offset) + 1;
  return path + ':' + std::to_string(number) + ':' + std::to_string(offset) + ':' + seq + ':';
}

struct Told {
  const char* name;
  Lie lie;
  std::uint64_t segment;  // of the first fault: first seq
  std::uint64_t line;
  std::uint64_t seq;
  const char* says;
};

Lie at(std::uint64_t seq, std::function<void(ForgedRecord&)> change) {
  return [seq, change](ForgedRecord& record) {
    if (record.head.seq == seq) change(record);
  };
}

std::string other_note(const ForgedRecord& record, std::uint64_t size) {
  const SigningKey stranger = SigningKey::generate();
  return sign_checkpoint({"portcullis/" + hex(record.head.stream), size, {}}, stranger);
}

const Told told[] = {
    {"another stream", at(6, [](auto& r) { r.head.stream[0] ^= 1; }), 5, 2, 6, "wrong stream"},
    {"a whole segment of another stream",
     [](auto& r) { r.head.stream[0] ^= r.head.seq / 5 == 1 ? 1 : 0; }, 5, 1, 5, "wrong stream"},
    {"prev", at(7, [](auto& r) { r.head.prev[0] ^= 1; }), 5, 3, 7, "prev is not"},
    {"prev of the first record", at(0, [](auto& r) { r.head.prev[0] ^= 1; }), 0, 1, 0,
     "prev is not"},
    {"prev of a segment's first record", at(5, [](auto& r) { r.head.prev[0] ^= 1; }), 5, 1, 5,
     "prev is not"},
    {"batch", at(7, [](auto& r) { r.head.batch = 5; }), 5, 3, 7, "batch is not"},
    {"batch to come", at(7, [](auto& r) { r.head.batch = 8; }), 5, 3, 7, "batch is not"},
    {"batch of a segment's first record", at(5, [](auto& r) { r.head.batch = 1; }), 5, 1, 5,
     "batch is not"},
    {"epoch", at(7, [](auto& r) { r.head.epoch = 2; }), 5, 3, 7, "wrong epoch"},
    {"a later epoch's key for a segment",
     [](auto& r) { r.head.epoch = r.head.seq / 5 == 1 ? 2 : r.head.epoch; }, 5, 1, 5,
     "wrong epoch"},
    {"the first segment of a later epoch",
     [](auto& r) { r.head.epoch += 1; }, 0, 1, 0, "wrong epoch"},
    {"mac", at(7, [](auto& r) { r.mac = Digest{}; }), 5, 3, 7, "mac is wrong"},
    {"time back", at(7, [](auto& r) { r.time[3] = '5'; }), 5, 3, 7, "time goes back"},
    {"time back between segments",
     [](auto& r) {
       if (r.head.seq / 5 == 1) r.time[2] = '1';
     },
     5, 1, 5, "time goes back"},
    {"decision without effect",
     at(6, [](auto& r) { r.members = replaced(r.members, "\"effect\"", "\"affect\""); }), 5, 2, 6,
     "without an effect"},
    {"effect neither",
     at(6, [](auto& r) { r.members = replaced(r.members, "allow", "perhaps"); }), 5, 2, 6,
     "without an effect"},
    {"JSON", at(6, [](auto& r) { r.members += ",\"x\":1.5"; }), 5, 2, 6, "no integer"},
    {"member twice", at(6, [](auto& r) { r.members += ",\"seq\":6"; }), 5, 2, 6, "twice"},
    {"segment without open",
     at(5,
        [](auto& r) {
          r.head.type = RecordType::change;
          r.members.clear();
        }),
     5, 1, 5, "does not begin with open"},
    {"open inside a segment",
     at(7,
        [](auto& r) {
          r.head.type = RecordType::open;
          r.members = "\"origin\":\"x\"";
        }),
     5, 3, 7, "open inside"},
    {"no public key",
     at(5, [](auto& r) { r.members = replaced(r.members, "public_key", "publik_key"); }), 5, 1, 5,
     "without a public key"},
    {"another public key",
     at(5,
        [](auto& r) {
          const std::size_t key = r.members.find("public_key\":\"") + 13;
          r.members.replace(key, 64, std::string(64, '0'));
        }),
     5, 1, 5, "another public key"},
    {"origin of another stream", at(0,
                                    [](auto& r) {
                                      r.members = replaced(r.members, hex(r.head.stream),
                                                           std::string(32, '0'));
                                    }),
     0, 1, 0, "does not name the stream"},
    {"erased after the seal",
     [](auto& r) {
       if (r.head.seq == 8) r.head.type = RecordType::seal;
       r.erased = r.head.seq == 9;
     },
     5, 5, 9, "a line follows the seal"},
    {"another deployment",
     at(5, [](auto& r) { r.members = replaced(r.members, "\"portcullis/", "\"elsewhere/"); }), 5, 1,
     5, "origin changes"},
    {"no frontier",
     at(5, [](auto& r) { r.members = replaced(r.members, "frontier", "frontiers"); }), 5, 1, 5,
     "without a frontier"},
    {"frontier of another size",
     at(5, [](auto& r) { r.members = replaced(r.members, "\"frontier\":[", "\"frontier\":[\"" + std::string(64, '0') + "\","); }),
     5, 1, 5, "without a frontier"},
    {"frontier of other records",
     at(5,
        [](auto& r) {
          const std::size_t root = r.members.find("frontier\":[\"") + 12;
          r.members.replace(root, 64, std::string(64, '0'));
        }),
     5, 1, 5, "frontier is not"},
    {"no previous note",
     at(5, [](auto& r) { r.members = replaced(r.members, "\"previous\"", "\"prev_note\""); }), 5, 1,
     5, "checkpoint is missing"},
    {"previous note by a stranger",
     at(5,
        [](auto& r) {
          const std::size_t note = r.members.find("\"previous\"");
          r.members.resize(note);
          JsonWriter(r.members).string("previous", other_note(r, 5));
        }),
     5, 1, 5, "not signed"},
    {"checkpoint by a stranger",
     at(8,
        [](auto& r) {
          r.members.clear();
          JsonWriter(r.members).string("note", other_note(r, 8));
        }),
     5, 4, 8, "not signed"},
    {"counts of a seal",
     at(9, [](auto& r) { r.members = replaced(r.members, "\"decision\":1", "\"decision\":2"); }), 5,
     5, 9, "seal does not say"},
    {"effects of a seal",
     at(9, [](auto& r) { r.members = replaced(r.members, "\"allow\":1", "\"allow\":0"); }), 5, 5, 9,
     "seal does not say"},
    {"record left out of a seal", at(7, [](auto& r) { r.head.type = RecordType::seal; }), 5, 3, 7,
     "seal does not say"},
    {"erased without approval", at(6, [](auto& r) { r.erased = true; }), 5, 2, 6,
     "erased without an approval"},
    {"erased with another mac",
     at(6,
        [](auto& r) {
          r.erased = true;
          r.mac = Digest{};
        }),
     5, 2, 6, "mac of the erased"},
    {"more erased than the seal says",
     [](auto& r) {
       r.erased = r.head.seq == 6;
       if (r.head.seq == 9) r.members = replaced(r.members, "\"decision\":1", "\"decision\":2");
     },
     5, 5, 9, "seal does not say"},
    {"erased in a segment without a seal",
     [](auto& r) {
       r.erased = r.head.seq == 11;
       r.left_out = r.head.seq == 14;
     },
     10, 2, 11, "not sealed"},
    {"more of another type erased than the seal says",
     [](auto& r) {
       r.erased = r.head.seq == 6;
       if (r.head.seq == 9) r.members = replaced(r.members, "\"outcome\":1", "\"outcome\":2");
     },
     5, 5, 9, "seal does not say"},
    {"erased what may not be erased",
     [](auto& r) {
       r.erased = r.head.seq == 8;
     },
     5, 5, 9, "seal does not say"},
};

class Lies : public testing::TestWithParam<Told> {};

TEST_P(Lies, AreNamedAtTheirPlace) {
  Site site;
  fill(site);
  const Told& lie = GetParam();
  forge(site.log_directory(), Forger::of(site), [](ForgedRecord&) {});
  ASSERT_EQ(site.verify().exit, VerifyExit::unanchored) << problems(site.verify());
  forge(site.log_directory(), Forger::of(site), lie.lie);
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::integrity) << problems(report);
  const std::string path = site.log_directory() + '/' + segment_name(lie.segment);
  const std::string where = place(path, lie.line, std::to_string(lie.seq));
  const bool found = std::any_of(report.faults.begin(), report.faults.end(), [&](const Fault& f) {
    return f.text().starts_with(where) && f.text().find(lie.says) != std::string::npos;
  });
  EXPECT_TRUE(found) << where << '\n' << problems(report);
}

INSTANTIATE_TEST_SUITE_P(All, Lies, testing::ValuesIn(told), [](const auto& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

// A rewrite without any lie: only what was kept outside tells.
TEST(Forgery, OfEverythingIsSeenByWhoeverKeptACheckpoint) {
  Site site;
  fill(site);
  const std::string kept = site.path("kept");
  write_text(kept, read_text(site.log_directory() + "/checkpoint"));
  forge(site.log_directory(), Forger::of(site),
        at(6, [](auto& r) { r.members = replaced(r.members, "allow", "deny"); }));
  EXPECT_EQ(site.verify().exit, VerifyExit::unanchored);
  VerifyOptions options;
  options.directories = {site.log_directory()};
  options.public_key_file = site.path("signing.pub");
  options.anchor_files = {kept};
  const VerifyReport report = verify_log(options);
  EXPECT_EQ(report.exit, VerifyExit::integrity);
  ASSERT_FALSE(report.faults.empty());
  EXPECT_EQ(report.faults.front().text(),
            kept + ":0:0:14: the anchor signs other records than these");
}

TEST(Forgery, UnderANewKeyIsAMismatchOrSelfAsserted) {
  Site site;
  fill(site);
  Forger forger = Forger::of(site);
  forger.signing_key = SigningKey::generate();
  forge(site.log_directory(), forger, [](ForgedRecord&) {});
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::integrity);
  const std::string first = site.log_directory() + '/' + segment_name(0);
  EXPECT_TRUE(std::any_of(report.faults.begin(), report.faults.end(), [&](const Fault& f) {
    return f.text().starts_with(place(first, 1, "0"));
  })) << problems(report);
  VerifyOptions options;
  options.directories = {site.log_directory()};
  EXPECT_EQ(verify_log(options).exit, VerifyExit::unanchored);
}

// Two notes of one log that no log can both be consistent with.
TEST(Forgery, AForkContradictsOneOfTwoNotes) {
  Site site;
  fill(site);
  const std::string fork = site.path("fork");
  copy_directory(site.log_directory(), fork);
  forge(fork, Forger::of(site), at(7, [](auto& r) { r.members += ",\"more\":1"; }));
  write_text(site.path("one"), read_text(site.log_directory() + "/checkpoint"));
  write_text(site.path("two"), read_text(fork + "/checkpoint"));
  for (const std::string& directory : {site.log_directory(), fork}) {
    VerifyOptions options;
    options.directories = {directory};
    options.anchor_files = {site.path("one"), site.path("two")};
    EXPECT_EQ(verify_log(options).exit, VerifyExit::integrity);
  }
}

TEST(Forgery, ARestoredBackupIsShorterThanWhatWasKept) {
  Site site;
  fill(site);
  const std::string backup = site.path("backup");
  copy_directory(site.log_directory(), backup);
  {
    auto log = site.must_open();
    ASSERT_TRUE(log->commit(decision(Effect::allow)).has_value());
    ASSERT_TRUE(log->close().has_value());
  }
  const std::string kept = site.path("kept");
  write_text(kept, read_text(site.log_directory() + "/checkpoint"));
  VerifyOptions options;
  options.directories = {backup};
  options.anchor_files = {kept};
  const VerifyReport report = verify_log(options);
  EXPECT_EQ(report.exit, VerifyExit::integrity);
  ASSERT_FALSE(report.faults.empty());
  EXPECT_EQ(report.faults.front().text().find(place(backup + '/' + segment_name(10), 6, "-") +
                                              " the log ends after 15 records"),
            0u)
      << problems(report);
}

// Notes that the log's own key signed, of another size, origin or root than the place asks for.
TEST(Forgery, OfANoteInsideIsNamed) {
  Site site;
  fill(site);
  const Forger forger = Forger::of(site);
  const auto note = [&](const ForgedRecord& r, std::uint64_t size, const std::string& deployment) {
    return sign_checkpoint({deployment + '/' + hex(r.head.stream), size, {}}, forger.signing_key);
  };
  const std::pair<Lie, const char*> lies[] = {
      {at(8, [&](auto& r) { JsonWriter(r.members = "").string("note", note(r, 7, "portcullis")); }),
       "not one of the records before"},
      {at(8, [&](auto& r) { JsonWriter(r.members = "").string("note", note(r, 8, "elsewhere")); }),
       "not one of the records before"},
      {at(8, [&](auto& r) { JsonWriter(r.members = "").string("note", note(r, 8, "portcullis")); }),
       "not those that the checkpoint signs"},
  };
  for (const auto& [lie, says] : lies) {
    forge(site.log_directory(), forger, lie);
    const VerifyReport report = site.verify();
    EXPECT_EQ(report.exit, VerifyExit::integrity);
    ASSERT_EQ(report.faults.size(), 1u) << problems(report);
    EXPECT_TRUE(report.faults[0].text().starts_with(
        place(site.log_directory() + '/' + segment_name(5), 4, "8")));
    EXPECT_NE(report.faults[0].message.find(says), std::string::npos) << problems(report);
    forge(site.log_directory(), forger, [](ForgedRecord&) {});
  }
}

// The file `checkpoint`, signed by the log's own key.
TEST(Forgery, OfTheCheckpointFileIsNamed) {
  Site site;
  fill(site);
  const Forger forger = Forger::of(site);
  const std::string path = site.log_directory() + "/checkpoint";
  const std::string origin = site.verify().streams.at(0).origin;
  const auto good = open_checkpoint(read_text(path), forger.signing_key.public_key());
  ASSERT_TRUE(good.has_value());
  const std::pair<Checkpoint, const char*> lies[] = {
      {{origin, 15, {}}, "signs other records"},
      {{origin, 12, {}}, "signs other records"},
      {{"x" + origin, 15, good->root}, "signs other records"},
      {{origin, 16, good->root}, "its checkpoint signs 16"},
  };
  for (const auto& [checkpoint, says] : lies) {
    write_text(path, sign_checkpoint(checkpoint, forger.signing_key));
    const VerifyReport report = site.verify();
    EXPECT_EQ(report.exit, VerifyExit::integrity) << says;
    ASSERT_EQ(report.faults.size(), 1u) << problems(report);
    EXPECT_NE(report.faults[0].message.find(says), std::string::npos) << problems(report);
  }
}

TEST(Options, AreRefusedTogether) {
  Site site;
  fill(site);
  VerifyOptions options;
  options.directories = {site.log_directory(), site.log_directory()};
  options.key_file = site.stream_key_file();
  options.from = "yesterday";
  options.to = "2026-13-01T00:00:00Z";
  options.anchor_files = {site.path("none")};
  options.witness_key_files = {site.path("signing.pub")};
  options.certificate_files = {site.path("signing.pub")};
  options.streams_file = site.path("none");
  options.approver_key_file = site.path("signing.pem");
  const VerifyReport report = verify_log(options);
  EXPECT_EQ(report.exit, VerifyExit::usage);
  EXPECT_EQ(report.fault_count, 8u) << problems(report);
}

TEST(Manifest, NamesTheStreamsThatMustBeThere) {
  Site site;
  fill(site);
  VerifyOptions options;
  options.directories = {site.log_directory()};
  const std::string origin = verify_log(options).streams.at(0).origin;
  options.streams_file = site.path("streams");
  write_text(options.streams_file, "# all of them\n" + origin + "\n\n");
  EXPECT_EQ(verify_log(options).exit, VerifyExit::unanchored);
  write_text(options.streams_file, origin + "\nother/" + std::string(32, '0') + '\n');
  EXPECT_EQ(verify_log(options).exit, VerifyExit::integrity);
}

// The writer is in the middle of a write when the verifier comes by.
TEST(LiveLog, ATornEndThatGrowsIsNoDamage) {
  Site site;
  fill(site);
  const std::string path = segment_paths(site.log_directory()).back();
  const std::string whole = read_text(path);
  write_text(path, whole.substr(0, whole.size() - 100));
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(8));
    write_text(path, whole);
  });
  const VerifyReport report = site.verify();
  writer.join();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
}

}  // namespace
}  // namespace portcullis::audit
