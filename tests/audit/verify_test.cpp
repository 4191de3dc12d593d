// What an attacker does to a log, and what the verifier says to it.
#include <algorithm>
#include <filesystem>

#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/input.h"
#include "audit/support.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

// Three segments: records 0-4, 5-9, 10-14, closed.
void fill(Site& site) {
  for (int start = 0; start < 3; ++start) {
    auto log = site.must_open();
    site.stream_key_file();
    for (Draft& draft : std::vector<Draft>{decision(Effect::allow), outcome()}) {
      const auto receipt = log->commit(std::move(draft));
      ASSERT_TRUE(receipt.has_value());
      site.receipts.push_back(receipt->text());
    }
    ASSERT_TRUE(log->close().has_value());
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
    lines.push_back(text.substr(at, end - at + 1));
    at = end + 1;
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// As one who has no key would: a new leaf, the old mac.
std::string with_new_leaf(const std::string& line) {
  const std::string_view body(line.data(), line.size() - suffix_bytes - 1);
  const auto mac_hex = line.substr(line.size() - 67, 64);
  const auto bytes = from_hex(mac_hex);
  Digest mac;
  std::copy(bytes->begin(), bytes->end(), mac.begin());
  std::string out(body);
  append_suffix(out, leaf_hash(sha256(body), mac), mac);
  return out;
}

struct Attack {
  const char* name;
  std::function<void(Site&, const std::vector<std::string>&)> act;  // on the segments' paths
  VerifyExit exit;
  const char* says;   // a part of one fault's message
  const char* place;  // file:line of that fault; empty: not asserted
};

void edit_lines(const std::string& path,
                const std::function<void(std::vector<std::string>&)>& change_lines) {
  auto lines = lines_of(read_text(path));
  change_lines(lines);
  write_text(path, joined(lines));
}

// As the log itself would have given it: with the right mac.
Receipt receipt_for(Site& site, Receipt receipt) {
  EpochKey key(0, *load_hex_secret(site.stream_key_file()));
  while (key.epoch < receipt.epoch) key = next_epoch(key);
  receipt.mac = RecordMac(receipt.stream, key)(receipt.seq, receipt.hash);
  return receipt;
}

using Paths = const std::vector<std::string>&;
const Attack attacks[] = {
    {"edit", [](Site&, Paths p) { write_text(p[1], replaced(read_text(p[1]), "allow", "Allow")); },
     VerifyExit::integrity, "was changed", "0005.jsonl:2:"},
    {"edit with new leaf",
     [](Site&, Paths p) {
       edit_lines(p[1], [](auto& l) { l[1] = with_new_leaf(replaced(l[1], "not", "nut")); });
     },
     VerifyExit::integrity, "mac is wrong", "0005.jsonl:2:"},
    {"spoilt mac",
     [](Site&, Paths p) {
       edit_lines(p[1], [](auto& l) {
         char& digit = l[2][l[2].size() - 10];
         digit = digit == '0' ? '1' : '0';
         l[2] = with_new_leaf(l[2]);
       });
     },
     VerifyExit::integrity, "mac is wrong", "0005.jsonl:3:"},
    {"delete", [](Site&, Paths p) { edit_lines(p[1], [](auto& l) { l.erase(l.begin() + 2); }); },
     VerifyExit::integrity, "record 7 is missing", "0005.jsonl:3:"},
    {"insert",
     [](Site&, Paths p) { edit_lines(p[1], [](auto& l) { l.insert(l.begin() + 2, l[1]); }); },
     VerifyExit::integrity, "inserted", "0005.jsonl:3:"},
    {"reorder", [](Site&, Paths p) { edit_lines(p[1], [](auto& l) { std::swap(l[1], l[2]); }); },
     VerifyExit::integrity, "missing", "0005.jsonl:2:"},
    {"splice from another segment",
     [](Site&, Paths p) {
       const auto other = lines_of(read_text(p[0]));
       edit_lines(p[1], [&](auto& l) { l[2] = other[2]; });
     },
     VerifyExit::integrity, "wrong epoch", "0005.jsonl:3:"},
    {"append after the seal",
     [](Site&, Paths p) { edit_lines(p[2], [](auto& l) { l.push_back(l[1]); }); },
     VerifyExit::integrity, "follows the seal", "0010.jsonl:6:"},
    {"a line of garbage",
     [](Site&, Paths p) { edit_lines(p[1], [](auto& l) { l.insert(l.begin() + 1, "x\n"); }); },
     VerifyExit::integrity, "not a record", "0005.jsonl:2:"},
    {"an endless line",
     [](Site&, Paths p) {
       edit_lines(p[1], [](auto& l) { l[1] = std::string(3u << 20, 'x') + '\n'; });
     },
     VerifyExit::integrity, "longer than any record", "0005.jsonl:2:"},
    {"NUL bytes inside",
     [](Site&, Paths p) {
       edit_lines(p[1], [](auto& l) { l.insert(l.begin() + 1, std::string(9, '\0')); });
     },
     VerifyExit::integrity, "unwritten space", "0005.jsonl:2:"},
    {"NUL bytes at the end of an old segment",
     [](Site&, Paths p) { write_text(p[0], read_text(p[0]) + std::string(9, '\0')); },
     VerifyExit::integrity, "unwritten space", "0000.jsonl:6:"},
    {"unknown version",
     [](Site& s, Paths p) {
       s.receipts.clear();
       edit_lines(p[2], [](auto& l) { l[2] = replaced(l[2], "\"v\":1", "\"v\":2"); });
     },
     VerifyExit::cannot, "version 2", "0010.jsonl:3:"},
    {"middle segment gone",
     [](Site& s, Paths p) {
       s.receipts.clear();
       std::filesystem::remove(p[1]);
     },
     VerifyExit::gap, "records 5 to 9 are missing", "0010.jsonl:1:"},
    {"first segment gone",
     [](Site& s, Paths p) {
       s.receipts.clear();
       std::filesystem::remove(p[0]);
     },
     VerifyExit::gap, "records 0 to 4 are missing", "0005.jsonl:1:"},
    {"end of a middle segment gone",
     [](Site&, Paths p) { edit_lines(p[1], [](auto& l) { l.resize(3); }); }, VerifyExit::gap,
     "no seal", "0005.jsonl:4:"},
    {"tail cut",
     [](Site& s, Paths p) {
       s.receipts.clear();
       edit_lines(p[2], [](auto& l) { l.resize(3); });
     },
     VerifyExit::integrity, "its checkpoint signs 15", ""},
    {"tail cut, checkpoint gone, a receipt held",
     [](Site& s, Paths p) {
       edit_lines(p[2], [](auto& l) { l.resize(2); });
       std::filesystem::remove(s.log_directory() + "/checkpoint");
     },
     VerifyExit::integrity, "beyond the end", ""},
    {"tail cut, checkpoint gone, nothing held: unproven by design",
     [](Site& s, Paths p) {
       s.receipts.clear();
       edit_lines(p[2], [](auto& l) { l.resize(2); });
       std::filesystem::remove(s.log_directory() + "/checkpoint");
     },
     VerifyExit::unanchored, "", ""},
    {"last segment gone",
     [](Site& s, Paths p) {
       s.receipts.clear();
       std::filesystem::remove(p[2]);
     },
     VerifyExit::integrity, "its checkpoint signs 15", ""},
    {"torn tail",
     [](Site& s, Paths p) {
       s.receipts.resize(4);
       std::filesystem::remove(s.log_directory() + "/checkpoint");
       edit_lines(p[2], [](auto& l) {
         l.resize(2);
         l[1].resize(l[1].size() - 5);
       });
     },
     VerifyExit::gap, "without its end", "0010.jsonl:2:"},
    {"renamed segment",
     [](Site&, Paths p) {
       std::filesystem::rename(p[1], replaced(p[1], "0005.jsonl", "0006.jsonl"));
     },
     VerifyExit::integrity, "name says", "0006.jsonl:1:"},
    {"checkpoint of another size",
     [](Site& s, Paths) {
       const std::string path = s.log_directory() + "/checkpoint";
       write_text(path, replaced(read_text(path), "\n15\n", "\n14\n"));
     },
     VerifyExit::integrity, "is not signed by", "checkpoint:0:"},
    {"receipt for another record",
     [](Site& s, Paths) {
       // Genuine: record 11 as it was before it was replaced in the whole log, keys and all.
       auto receipt = *Receipt::parse(s.receipts.back());
       receipt.hash[0] = static_cast<std::uint8_t>(receipt.hash[0] ^ 1);
       s.receipts.push_back(receipt_for(s, receipt).text());
     },
     VerifyExit::integrity, "another record", "0010.jsonl:3:"},
    {"forged receipt",
     [](Site& s, Paths) {
       auto receipt = *Receipt::parse(s.receipts.back());
       receipt.mac[0] = static_cast<std::uint8_t>(receipt.mac[0] ^ 1);
       s.receipts.push_back(receipt.text());
       receipt.seq = 99;
       s.receipts.push_back(receipt.text());
     },
     VerifyExit::cannot, "not made with this log's key", ""},
    {"receipt of another stream",
     [](Site& s, Paths) {
       auto receipt = *Receipt::parse(s.receipts.back());
       receipt.stream[0] = static_cast<std::uint8_t>(receipt.stream[0] ^ 1);
       s.receipts.push_back(receipt.text());
     },
     VerifyExit::integrity, "no directory holds", ""},
    {"malformed receipt", [](Site& s, Paths) { s.receipts.push_back("v1:00"); }, VerifyExit::usage,
     "not a receipt", ""},
    {"another public key",
     [](Site& s, Paths) {
       write_text(s.path("signing.pub"), *public_key_pem(SigningKey::generate().public_key()));
     },
     VerifyExit::integrity, "another public key", "0000.jsonl:1:"},
    {"another K_0", [](Site& s, Paths) { write_text(s.path("k0.hex"), std::string(64, '0')); },
     VerifyExit::integrity, "mac is wrong", "0000.jsonl:1:"},
    {"K_0 is no key", [](Site& s, Paths) { write_text(s.path("k0.hex"), "0"); }, VerifyExit::usage,
     "64 lower-case hex", ""},
    {"empty directory",
     [](Site& s, Paths p) {
       s.receipts.clear();
       for (const auto& path : p) std::filesystem::remove(path);
     },
     VerifyExit::cannot, "no segment", ""},
    {"nothing but an empty segment",
     [](Site& s, Paths p) {
       s.receipts.clear();
       std::filesystem::remove(s.log_directory() + "/checkpoint");
       std::filesystem::remove(p[1]);
       std::filesystem::remove(p[2]);
       write_text(p[0], "");
     },
     VerifyExit::cannot, "no record was found", "0000.jsonl:1:"},
    {"empty last segment",
     [](Site& s, Paths p) {
       s.receipts.clear();
       std::filesystem::remove(s.log_directory() + "/checkpoint");
       write_text(p[2], "");
     },
     VerifyExit::gap, "without a record", "0010.jsonl:1:"},
    {"records repeated in a segment of their own",
     [](Site&, Paths p) {
       const auto l = lines_of(read_text(p[1]));
       write_text(replaced(p[1], "0005.jsonl", "0007.jsonl"), l[2] + l[3] + l[4]);
     },
     VerifyExit::integrity, "record 10 is due here", "0007.jsonl:1:0:7:"},
    {"empty segment", [](Site&, Paths p) { write_text(p[1], ""); }, VerifyExit::gap, "no seal", ""},
};

class Attacks : public testing::TestWithParam<Attack> {};

TEST_P(Attacks, AreNamedWithTheirPlace) {
  const Attack& attack = GetParam();
  Site site;
  fill(site);
  ASSERT_EQ(site.verify().exit, VerifyExit::unanchored) << problems(site.verify());
  attack.act(site, segment_paths(site.log_directory()));
  const VerifyReport report = site.verify();
  if (attack.exit == VerifyExit::gap) {
    // Receipts of what is gone are their own faults.
    site.receipts.clear();
    EXPECT_EQ(site.verify().exit, VerifyExit::gap) << problems(site.verify());
  } else {
    EXPECT_EQ(report.exit, attack.exit) << problems(report);
  }
  const bool found = std::any_of(report.faults.begin(), report.faults.end(), [&](const Fault& f) {
    return f.text().find(attack.says) != std::string::npos &&
           f.text().find(attack.place) != std::string::npos;
  });
  EXPECT_TRUE(found || *attack.says == '\0') << problems(report);
}

INSTANTIATE_TEST_SUITE_P(All, Attacks, testing::ValuesIn(attacks), [](const auto& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

TEST(Verify, AnotherLogInPlaceIsAnotherStream) {
  Site site;
  fill(site);
  Site other;
  fill(other);
  copy_directory(other.log_directory(), site.log_directory());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::integrity);
  // Even for one who has no key: the receipts name the stream.
  VerifyOptions options;
  options.directories = {site.log_directory()};
  options.receipts = site.receipts;
  EXPECT_EQ(verify_log(options).exit, VerifyExit::integrity);
}

TEST(Verify, SaysWhatItDidNotCheck) {
  Site site;
  fill(site);
  VerifyOptions options;
  options.directories = {site.log_directory()};
  const VerifyReport report = verify_log(options);
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  ASSERT_EQ(report.not_checked.size(), 3u);
  EXPECT_NE(report.not_checked[0].find("macs"), std::string::npos);
  EXPECT_NE(report.not_checked[1].find("signer"), std::string::npos);
  EXPECT_NE(report.not_checked[2].find("tail"), std::string::npos);
  EXPECT_EQ(verify_log({}).exit, VerifyExit::usage);
  options.directories = {site.path("none")};
  EXPECT_EQ(verify_log(options).exit, VerifyExit::cannot);
}

TEST(Verify, CountsDecisionsWithoutOutcome) {
  Site site;
  auto log = site.must_open();
  ASSERT_TRUE(log->commit(decision(Effect::deny)).has_value());
  ASSERT_TRUE(log->commit(decision(Effect::allow)).has_value());
  ASSERT_TRUE(log->close().has_value());
  EXPECT_EQ(site.verify().open_decisions, 1u);
}

TEST(Verify, ReadsALogThatIsBeingWritten) {
  Site site;
  auto log = site.must_open();
  site.stream_key_file();
  site.receipts.push_back(log->commit(decision(Effect::allow))->text());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  EXPECT_FALSE(report.streams.at(0).sealed);
}

}  // namespace
}  // namespace portcullis::audit
