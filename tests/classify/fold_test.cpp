#include "classify/fold.h"

#include <random>

#include "classify/support.h"
#include "classify/utf8.h"

namespace portcullis::classify {
namespace {

TEST(Fold, Table) {
  struct Case {
    std::string from, to;
  };
  const Case cases[] = {
      {"plain ASCII stays", "plain ASCII stays"},
      {"a\u200bb\u00adc\u2060d\ufeffe", "abcde"},
      {"\u0661\u06f2\u0967\uff13\U0001d7d2", "12134"},
      {"a\u00a0b\u2003c\u3000d", "a b c d"},
      {"1\u20102\u20113\u20134\u20145\u22126", "1-2-3-4-5-6"},
      {"\uff21\uff42\uff20\uff0e", "Ab@."},
      {"e\u0301\u00e9\u00fc\u0142\u00f8", "eeulo"},
      {"\u0421\u0410\u0420\u0422\u0410", "CAPTA"},
      {"\U000e0041\U000e0020x", "x"},
      {"\u2460\u00b2", "\u2460\u00b2"},  // circled and superscript: not digits of an identifier
      {"\u4e2d\u6587", "\u4e2d\u6587"},
      {std::string("a\0b\x01\x7f", 5), "ab"},
      {"\xff\xc3", "\xff\xc3"},  // invalid UTF-8 is kept
      {"", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(fold(c.from), c.to);
}

TEST(Fold, PlainTextIsNotCopied) {
  const std::string text(10000, 'a');
  Folder folder({});
  folder.start(text);
  Window window;
  ASSERT_TRUE(folder.next(window));
  EXPECT_EQ(window.text.data(), text.data());
  EXPECT_EQ(window.starts, nullptr);
}

std::string random_text(std::mt19937_64& random, std::size_t size) {
  constexpr char32_t points[] = {U'a',      U'7',      U' ',      U'\u200b', U'\u00e9',
                                 U'\uff15', U'\u4e2d', U'\u0301', U'\n',     U'\U0001f600'};
  std::string text;
  while (text.size() < size) {
    if (random() % 50 == 0) {
      text.push_back(static_cast<char>(random()));
    } else {
      append_utf8(text, points[random() % std::size(points)]);
    }
  }
  return text;
}

// Windows tile the folded text without a gap, and each own byte maps back to a place that folds to
// it.
TEST(Fold, WindowsTileTheTextAndMapBack) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 60; ++round) {
    const std::string text = random_text(random, random() % 3000);
    const std::string whole = fold(text);
    Folder folder({.own = 64, .lead = 10, .tail = 20});
    folder.start(text);
    Window window;
    std::string tiled;
    while (folder.next(window)) {
      for (std::size_t i = window.own_begin; i < window.own_end; ++i) {
        const std::size_t begin = window.original_begin(i);
        const std::size_t end = window.original_end(i + 1);
        ASSERT_LT(begin, end);
        ASSERT_LE(end, text.size());
        if (static_cast<unsigned char>(window.text[i]) < 0x80) {
          EXPECT_EQ(fold(std::string_view(text).substr(begin, end - begin)),
                    std::string(1, window.text[i]));
        }
      }
      tiled += window.text.substr(window.own_begin, window.own_end - window.own_begin);
    }
    ASSERT_EQ(tiled, whole);
  }
}

}  // namespace
}  // namespace portcullis::classify
