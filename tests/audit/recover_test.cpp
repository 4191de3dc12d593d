// Which logs are refused at a start. That a crash is recovered from is shown in crash_test.cpp.
#include "audit/recover.h"

#include <algorithm>
#include <filesystem>

#include "audit/support.h"

namespace portcullis::audit {
namespace {

// Clean segment, then one that a crash left open with three batches.
void fill(Site& site) {
  {
    auto log = site.must_open();
    site.stream_key_file();
    ASSERT_TRUE(log->commit(change()).has_value());
  }
  const std::string crashed = site.path("crashed");
  auto log = site.must_open();
  for (int i = 0; i < 3; ++i) {
    const auto receipt = log->commit(change(std::to_string(i)));
    ASSERT_TRUE(receipt.has_value());
    site.receipts.push_back(receipt->text());
  }
  copy_directory(site.log_directory(), crashed);
  log.reset();
  copy_directory(crashed, site.log_directory());
}

std::string last_segment(Site& site) { return segment_paths(site.log_directory()).back(); }

void spoil(const std::string& path, std::size_t at) {
  std::string text = read_text(path);
  text[at] = static_cast<char>(text[at] ^ 1);
  write_text(path, text);
}

// The offset of a byte in the middle of this line, from 0.
std::size_t in_line(const std::string& text, int line) {
  std::size_t at = 0;
  for (; line > 0; --line) at = text.find('\n', at) + 1;
  return at + 350;
}

struct Refusal {
  const char* name;
  std::function<void(Site&)> spoil;
  const char* says;
};

const Refusal refusals[] = {
    {"acknowledged record damaged",
     [](Site& s) {
       const std::string path = last_segment(s);
       spoil(path, in_line(read_text(path), 1));
     },
     "acknowledged"},
    {"acknowledged record damaged with its line feed",
     [](Site& s) {
       const std::string path = last_segment(s);
       std::string text = read_text(path);
       text[text.find('\n', in_line(text, 1))] = 'x';
       write_text(path, text);
     },
     "acknowledged"},
    {"open damaged", [](Site& s) { spoil(last_segment(s), 400); }, "begins with a bad record"},
    {"segment emptied", [](Site& s) { write_text(last_segment(s), ""); }, "does not begin"},
    {"segments gone",
     [](Site& s) {
       for (const auto& path : segment_paths(s.log_directory())) std::filesystem::remove(path);
     },
     "there is no segment"},
    {"segments and checkpoint gone",
     [](Site& s) {
       for (const auto& path : segment_paths(s.log_directory())) std::filesystem::remove(path);
       std::filesystem::remove(s.log_directory() + "/checkpoint");
     },
     "there is no segment"},
    {"last segment gone", [](Site& s) { std::filesystem::remove(last_segment(s)); },
     "cannot be checked with a key of 1"},
    {"last segment gone and the one before compressed",
     [](Site& s) {
       std::filesystem::remove(last_segment(s));
       std::filesystem::rename(last_segment(s), last_segment(s) + ".zst");
     },
     "is missing"},
    {"last segment shorter than what was signed",
     [](Site& s) {
       const std::string note = read_text(s.log_directory() + "/checkpoint");
       { auto log = s.must_open(); }
       const std::string later = read_text(s.log_directory() + "/checkpoint");
       ASSERT_NE(note, later);
       copy_directory(s.path("crashed"), s.log_directory());
       write_text(s.log_directory() + "/checkpoint", later);
     },
     "that its checkpoint signs"},
    {"last segment other than what was signed",
     [](Site& s) {
       // Two futures of one backup: the checkpoint of one, the records of the other.
       { auto log = s.must_open(); }
       const std::string note = read_text(s.log_directory() + "/checkpoint");
       copy_directory(s.path("crashed"), s.log_directory());
       { auto log = s.must_open(); }
       write_text(s.log_directory() + "/checkpoint", note);
     },
     "signs other records"},
    {"checkpoint gone", [](Site& s) { std::filesystem::remove(s.log_directory() + "/checkpoint"); },
     "no checkpoint"},
    {"checkpoint forged", [](Site& s) { spoil(s.log_directory() + "/checkpoint", 40); },
     "cannot be continued"},
    {"key gone", [](Site& s) { std::filesystem::remove(s.log_directory() + "/key"); },
     "cannot open"},
    {"key of epoch 0 put back",
     [](Site& s) {
       // One epoch behind is a roll that a crash interrupted; K_0 itself is right, so go back two.
       { auto log = s.must_open(); }
       const std::string path = s.log_directory() + "/key";
       std::string text = read_text(path);
       text.replace(text.size() - 65, 65, read_text(s.path("k0.hex")));
       text[text.size() - 67] = '0';
       write_text(path, text);
     },
     "key is of epoch 0"},
    {"key spoilt",
     [](Site& s) {
       const std::string path = s.log_directory() + "/key";
       std::string text = read_text(path);
       text[text.size() - 3] = text[text.size() - 3] == '0' ? '1' : '0';
       write_text(path, text);
     },
     "mac is wrong"},
    {"another signing key",
     [](Site& s) { write_text(s.path("signing.pem"), SigningKey::generate().to_pem()); },
     "not signed by"},
    {"unknown version",
     [](Site& s) {
       const std::string path = last_segment(s);
       std::string text = read_text(path);
       text[text.find("\n{\"v\":1") + 6] = '2';
       write_text(path, text);
     },
     "version 2"},
};

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, AreRepeatedAndChangeNothing) {
  Site site;
  fill(site);
  GetParam().spoil(site);
  const std::string before = site.path("before");
  copy_directory(site.log_directory(), before);
  for (int again = 0; again < 2; ++again) {
    const auto log = site.open();
    ASSERT_FALSE(log.has_value());
    EXPECT_NE(log.error().message.find(GetParam().says), std::string::npos) << log.error().message;
  }
  for (const auto& entry : std::filesystem::directory_iterator(before)) {
    const std::string name = entry.path().filename();
    EXPECT_EQ(read_text(entry.path()), read_text(site.log_directory() + '/' + name)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Refusals, testing::ValuesIn(refusals), [](const auto& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

TEST(Recover, KeepsWhatWasTornInQuarantine) {
  Site site;
  fill(site);
  const std::string path = last_segment(site);
  std::string text = read_text(path);
  const std::size_t end = text.find('\0');
  text.replace(end, 9, "{\"v\":1,\"s");
  write_text(path, text);
  auto log = site.must_open();
  ASSERT_TRUE(log->close().has_value());
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(site.log_directory())) {
    if (!entry.path().filename().string().starts_with("quarantine-")) continue;
    ++found;
    EXPECT_EQ(read_text(entry.path()), "{\"v\":1,\"s");
  }
  EXPECT_EQ(found, 1);
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("recovered"), std::string::npos);
}

TEST(Recover, AnUnwrittenTailIsNoTear) {
  Site site;
  fill(site);
  ASSERT_EQ(read_text(last_segment(site)).back(), '\0');
  EXPECT_EQ(site.verify().exit, VerifyExit::unanchored) << problems(site.verify());
  auto log = site.must_open();
  ASSERT_TRUE(log->close().has_value());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
}

}  // namespace
}  // namespace portcullis::audit
