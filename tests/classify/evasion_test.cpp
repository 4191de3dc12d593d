// Transforms that defeat pattern matching, times the types: every cell must still be found, and the
// finding must cover the whole transformed value.
#include <cstdio>
#include <functional>

#include "classify/fold.h"
#include "classify/support.h"
#include "classify/utf8.h"

namespace portcullis::classify {
namespace {

struct Sample {
  std::string type;
  std::string before;  // context, or letters
  std::string value;   // groups separated by '-'
};

const Sample samples[] = {
    {"payment_card", "", "4111-1111-1111-1111"},
    {"payment_card", "", "5555-5555-5555-4444"},
    {"payment_card", "card ", "3782-822463-10005"},
    {"us_ssn", "ssn ", "536-22-1234"},
    {"us_ssn", "", "536-22-1234"},
};

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string digits_as(const std::string& text, char32_t zero) {
  std::string out;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      append_utf8(out, zero + static_cast<char32_t>(c - '0'));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string between(const std::string& text, std::string_view what) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i > 0) out += what;
    out += text[i];
  }
  return out;
}

struct Transform {
  std::string name;
  std::function<std::string(const std::string&)> apply;
};

Transform separator(const std::string& name, const std::string& with) {
  return {name, [with](const std::string& value) { return replace_all(value, "-", with); }};
}
Transform inserted(const std::string& name, const std::string& what) {
  return {name, [what](const std::string& value) { return between(value, what); }};
}
Transform script(const std::string& name, char32_t zero) {
  return {name, [zero](const std::string& value) { return digits_as(value, zero); }};
}

std::string each_as(const std::string& text, const char* before, const char* after, int base) {
  std::string out;
  for (const char c : text) {
    char number[8];
    std::snprintf(number, sizeof number, base == 16 ? "%02x" : "%03u", static_cast<unsigned>(c));
    out.append(before).append(number).append(after);
  }
  return out;
}

Transform escaped(const std::string& name, const char* before, const char* after, int base) {
  return {name, [=](const std::string& value) { return each_as(value, before, after, base); }};
}

const Transform transforms[] = {
    escaped("percent", "%", "", 16),
    escaped("percent, twice", "%25", "", 16),
    escaped("decimal reference", "&#", ";", 10),
    escaped("hexadecimal reference", "&#x", ";", 16),
    escaped("encoded reference", "%26%23", ";", 10),
    escaped("u escape", "\\u00", "", 16),
    escaped("u escape in braces", "\\u{", "}", 16),
    escaped("x escape", "\\x", "", 16),
    escaped("decimal reference with zeros", "&#000000", ";", 10),
    escaped("hexadecimal reference with zeros", "&#x00000000", ";", 16),
    inserted("u escape of zero", "\\u0000"),
    inserted("u escape of zero in braces", "\\u{0}"),
    inserted("percent zero", "%00"),
    inserted("zero-width reference", "&zwnj;"),
    separator("dash reference", "&ndash;"),
    separator("space references", "&thinsp;&emsp;"),
    separator("no-break space reference without its end", "&nbsp"),
    escaped("percent with a zero-width space", "%\u200b", "", 16),
    escaped("full-width percent", "\uff05", "", 16),
    escaped("encoded full-width percent", "%EF%BC%85", "", 16),
    inserted("C1 control character", "\u0081"),
    inserted("Hangul tone mark", "\u302e"),
    separator("percent space", "%20"),
    separator("no-break space reference", "&nbsp;"),
    separator("encoded no-break space", "%C2%A0"),
    separator("as printed", "-"),
    separator("space", " "),
    separator("double space", "  "),
    separator("tab", "\t"),
    separator("dot", "."),
    separator("no-break space", "\u00a0"),
    separator("narrow no-break space", "\u202f"),
    separator("ideographic space", "\u3000"),
    separator("non-breaking hyphen", "\u2011"),
    separator("en dash", "\u2013"),
    separator("minus sign", "\u2212"),
    separator("spaced dash", " - "),
    separator("newline", "\n"),
    separator("carriage return, newline", "\r\n"),
    inserted("zero-width space", "\u200b"),
    inserted("zero-width joiner", "\u200d"),
    inserted("soft hyphen", "\u00ad"),
    inserted("word joiner", "\u2060"),
    inserted("byte order mark", "\ufeff"),
    inserted("combining acute", "\u0301"),
    inserted("keycap", "\ufe0f\u20e3"),
    inserted("variation selector", "\U000e0101"),
    inserted("tag", "\U000e0041"),
    inserted("bidi override", "\u202e"),
    inserted("control character", std::string(1, '\x01')),
    script("full-width", U'\uff10'),
    script("Arabic-Indic", U'\u0660'),
    script("extended Arabic-Indic", U'\u06f0'),
    script("Devanagari", U'\u0966'),
    script("mathematical bold", U'\U0001d7ce'),
    script("Adlam", U'\U0001e950'),
};

class Evasion : public ::testing::Test {
 protected:
  Scanner scanner{compile_or_fail()};

  void expect_found(const Sample& sample, const std::string& value, const std::string& name) {
    for (const std::string& before :
         {std::string(), std::string("text: "), std::string("\u4e2d")}) {
      const std::string text = before + sample.before + value + " end";
      const auto findings = find_all(scanner, text);
      const Finding* finding = first_of(findings, sample.type);
      ASSERT_NE(finding, nullptr) << name << ": " << text << " -> " << describe(findings);
      EXPECT_EQ(text.substr(finding->begin, finding->end - finding->begin), value) << name;
    }
  }
};

TEST_F(Evasion, EveryTransformOfEveryTypeIsFoundWithItsWholeRange) {
  for (const Sample& sample : samples) {
    for (const Transform& transform : transforms) {
      expect_found(sample, transform.apply(sample.value), transform.name);
    }
  }
}

TEST_F(Evasion, TransformsCombine) {
  for (const Sample& sample : samples) {
    const std::string wide = digits_as(replace_all(sample.value, "-", "\u00a0"), U'\uff10');
    expect_found(sample, replace_all(wide, "\u00a0", "\u200b\u00a0\u00ad"), "wide, zero-width");
  }
}

TEST_F(Evasion, DigitsSpacedOutOneByOne) {
  EXPECT_NE(first_of(find_all(scanner, "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"), "payment_card"),
            nullptr);
  EXPECT_NE(first_of(find_all(scanner, "ssn 5 3 6 2 2 1 2 3 4"), "us_ssn"), nullptr);
}

TEST_F(Evasion, LettersDirectlyBesideTheDigits) {
  EXPECT_NE(first_of(find_all(scanner, "abc4111111111111111xyz"), "payment_card"), nullptr);
  EXPECT_NE(first_of(find_all(scanner, "ssn536221234x"), "us_ssn"), nullptr);
  EXPECT_NE(first_of(find_all(scanner, "x536-22-1234y"), "us_ssn"), nullptr);
}

TEST_F(Evasion, NumbersAroundTheValueDoNotHideIt) {
  for (const char* text :
       {"12 4111 1111 1111 1111", "4111 1111 1111 1111 12/26 123", "2024-01-15,4111111111111111,99",
        "1,536-22-1234,77", "7 536-22-1234 8"}) {
    const auto findings = find_all(scanner, text);
    EXPECT_TRUE(first_of(findings, "payment_card") != nullptr ||
                first_of(findings, "us_ssn") != nullptr)
        << text << " -> " << describe(findings);
  }
}

TEST_F(Evasion, NumbersAroundAValueWithItsWordDoNotHideIt) {
  const std::pair<const char*, const char*> rows[] = {
      {"NHS no 943 4765919, 3 visits", "uk_nhs"},
      {"BSN 1112 22333, 2 kinderen", "nl_bsn"},
      {"SSN 536 221 234, 12 Main St", "us_ssn"},
      {"SSN 5362 28145, 3 dependents", "us_ssn"},
      {"SSN 53622 8145\n2 dependents", "us_ssn"},
      {"ssn 1) 5 3 6 2 2 8 1 4 5", "us_ssn"},
      {"account number 1234 5678 9012, 2024-01-15 10", "us_bank_account"}};
  for (const auto& [text, type] : rows) {
    const auto findings = find_all(scanner, text);
    EXPECT_NE(first_of(findings, type), nullptr) << text << " -> " << describe(findings);
  }
  for (const char* text :
       {"no 943 4765919, 3 visits", "536 221 234, 12 Main St", "order 1112 22333, 2 boxes"}) {
    EXPECT_TRUE(find_all(scanner, text).empty()) << text;
  }
}

TEST_F(Evasion, WhatStandsDirectlyBehindAMailAddressDoesNotHideIt) {
  for (const std::string& after :
       {std::string("\u2014she answers."), std::string("--she"), std::string("-she"),
        std::string(".2) bob"), std::string(".html"), std::string("...and more"),
        std::string("\u3002\u8bf7\u5728\u5468\u4e94\u4e4b\u524d\u56de\u590d\u6211\u4eec"),
        std::string("\u307e\u3067\u3054\u9023\u7d61\u304f\u3060\u3055\u3044")}) {
    for (const std::string& mail : {std::string("jane@example.com"), std::string("jane@163.com")}) {
      const auto findings = find_all(scanner, "x " + mail + after);
      const Finding* finding = first_of(findings, "email");
      ASSERT_NE(finding, nullptr) << mail << after << describe(findings);
      EXPECT_EQ(finding->begin, 2u);
      EXPECT_EQ(finding->end, 2 + mail.size());
    }
  }
  const auto foreign = find_all(scanner, "jane@example.\u4e2d\u56fd-x");
  ASSERT_NE(first_of(foreign, "email"), nullptr);
  for (const char* text :
       {"logo@2x.png", "pkg@1.2.js", "user@host.local", "jquery@3.6.0.min.js", "vue@3.2.es.js",
        "actions/checkout@v4.rc1", "pkg@1.0.0-alpha.2", "pkg@1.0.0.dev-5", "a@b-c.d-e"}) {
    EXPECT_TRUE(find_all(scanner, text).empty()) << text << describe(find_all(scanner, text));
  }
}

TEST_F(Evasion, MailAddressesAndKeysAreFoldedToo) {
  for (const std::string& text :
       {std::string("j\u200bane@exam\u00adple.com"), std::string("jane\uff20example\uff0ecom"),
        std::string("\uff4a\uff41\uff4e\uff45@example.com"),
        std::string("j\u0430ne@example.com")}) {
    const auto findings = find_all(scanner, text);
    const Finding* finding = first_of(findings, "email");
    ASSERT_NE(finding, nullptr) << text;
    EXPECT_EQ(finding->begin, 0u);
    EXPECT_EQ(finding->end, text.size());
  }
  EXPECT_NE(first_of(find_all(scanner, "AKIA\u200bIOSFODNN7EXAMPLE"), "aws_access_key"), nullptr);
  EXPECT_NE(first_of(find_all(scanner, "\u0405\u0405N 536221234"), "us_ssn"), nullptr);
}

TEST_F(Evasion, SurrogatesWrittenAsEscapesAreOneCharacter) {
  std::string text;
  for (const char c : std::string("4111111111111111")) {
    text += c == '4' ? "\\ud835\\udfd2" : "\\uD835\\uDFCF";  // mathematical bold
  }
  const auto findings = find_all(scanner, text);
  ASSERT_NE(first_of(findings, "payment_card"), nullptr) << describe(findings);
  EXPECT_EQ(findings[0].end, text.size());
}

TEST_F(Evasion, EveryLevelOfEscapesIsRead) {
  for (const char* text : {"%34111111111111111%2533", "4111 1111 1111%201111%2520%2533"}) {
    EXPECT_NE(first_of(find_all(scanner, text), "payment_card"), nullptr) << text;
  }
  EXPECT_NE(first_of(find_all(scanner, "&#106ane&#64example.com"), "email"), nullptr);
}

TEST_F(Evasion, NamesOfMembersAreReadAsTextsAre) {
  for (const std::string& key : {std::string("s\u200bsn"), std::string("%73sn"),
                                 std::string("\uff53sn"), std::string("customer%53sn")}) {
    EXPECT_NE(first_of(find_all(scanner, "536228145", key), "us_ssn"), nullptr) << key;
  }
}

TEST_F(Evasion, BracketsAndQuotesStandBetweenDigits) {
  for (const char* text :
       {"[4111][1111][1111][1111]", "[4111], [1111], [1111], [1111]", "4111 {1111} <1111> [1111]",
        "\u201c4111\u201d \u201c1111\u201d \u20181111\u2019 1111", "{4111111111111111} [12]"}) {
    EXPECT_NE(first_of(find_all(scanner, text), "payment_card"), nullptr) << text;
  }
  EXPECT_TRUE(find_all(scanner, "(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})").empty());
  const auto findings = find_all(scanner, "password: \u201chunter2!x\u201d");
  EXPECT_NE(first_of(findings, "password"), nullptr);
}

TEST_F(Evasion, EmphasisDoesNotChangeHowANumberIsPrinted) {
  for (const char* text : {"**536**-22-8145", "_536_-`22`-8145", "*536* 22 *8145*"}) {
    EXPECT_NE(first_of(find_all(scanner, text), "us_ssn"), nullptr) << text;
  }
  EXPECT_TRUE(find_all(scanner, "536**22**8145").empty());
}

TEST_F(Evasion, LetterlikeSymbolsAreLetters) {
  EXPECT_NE(first_of(find_all(scanner, "jane@example.\u2102om"), "email"), nullptr);
  EXPECT_NE(first_of(find_all(scanner, "pesel \u2115HS, ss\u2115 536221234"), "us_ssn"), nullptr);
  EXPECT_EQ(fold("\u2122\u2103\u2116"), "\u2122\u2103\u2116") << "not one letter each";
}

TEST_F(Evasion, WhatOnlyLooksLikeAnEscapeIsLeftAlone) {
  for (const char* text : {"100%", "%zz", "&#;", "&#x;", "\\u12", "\\u{", "\\u{}", "&#99999999;",
                           "%", "&", "\\", "a&b=c%d", "\\ud83d", "%C3"}) {
    EXPECT_TRUE(find_all(scanner, "      " + std::string(text)).empty()) << text;
  }
}

TEST_F(Evasion, CircledAndSuperscriptDigitsAreNoDigits) {
  EXPECT_TRUE(find_all(scanner, digits_as("411111111111111", U'\u2460')).empty());
}

TEST_F(Evasion, OneByteBetweenWindowsHidesNothing) {
  for (const std::string& value :
       {std::string("4111111111111111"), std::string("536-22-1234"),
        std::string("jane.doe@example.com"), std::string("AKIAIOSFODNN7EXAMPLE")}) {
    for (const bool plain : {true, false}) {
      const std::string mark = plain ? "" : "\u00e9";
      for (std::size_t at = 4060; at < 4140; ++at) {
        const std::string text = mark + std::string(at, '.') + " " + value + " tail";
        const auto findings = find_all(scanner, text);
        ASSERT_EQ(findings.size(), 1u) << at << " " << value << " " << describe(findings);
        EXPECT_EQ(text.substr(findings[0].begin, findings[0].end - findings[0].begin), value);
      }
    }
  }
}

TEST_F(Evasion, AMegabyteOfInvisibleCharactersHidesNothing) {
  std::string gap;
  for (int i = 0; i < 100000; ++i) gap += "\u200b";
  const std::string text = "411111" + gap + "1111111111";
  const auto findings = find_all(scanner, text);
  const Finding* finding = first_of(findings, "payment_card");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->begin, 0u);
  EXPECT_EQ(finding->end, text.size());
}

}  // namespace
}  // namespace portcullis::classify
