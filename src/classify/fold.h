// Normalisation: a 1:1 fold of text towards ASCII, window by window, with a map back.
//
// Dropped: default-ignorable code points (zero-width, soft hyphen, bidi controls, tags), combining
// marks and controls. Folded to one ASCII character: digits of every script, full-width and
// mathematical forms, spaces, dashes, line separators, Latin letters with diacritics, and the
// Cyrillic and Greek letters that look like Latin ones. Everything else stays as it is. Not full
// compatibility folding: circled or superscript digits are not digits of an identifier.
//
// Plain ASCII is neither copied nor mapped. A window holds bounded memory however much is dropped.
// Thread-safety: a Folder is confined to one thread. Lifetimes: a Window views the text and the
// Folder; it dies at the next call of next() or start(). Errors: none; invalid UTF-8 is kept
// bytewise.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::classify {

// Bytes of folded text. Matches that start within the own part are reported by that window; `lead`
// and `tail` are what a match may look at before and after.
struct WindowSizes {
  std::size_t own = 4096;
  std::size_t lead = 128;
  std::size_t tail = 640;
};

struct Window {
  std::string_view text;      // folded
  std::size_t own_begin = 0;  // offsets in `text`
  std::size_t own_end = 0;

  // From an offset in `text` to the byte of the original that it came from, and to the byte after
  // the original of the character before `end`.
  std::size_t original_begin(std::size_t begin) const;
  std::size_t original_end(std::size_t end) const;

  std::string_view original;              // the whole original text
  std::size_t base = 0;                   // of a plain window: where `text` stands in the original
  const std::uint32_t* starts = nullptr;  // of a folded one: the origin of each byte
};

class Folder {
 public:
  explicit Folder(WindowSizes sizes) : sizes_(sizes) {}
  // `text` must be smaller than 4 GiB.
  void start(std::string_view text);
  bool next(Window& window);

 private:
  bool next_plain(Window& window);
  bool next_folded(Window& window);
  void fill(std::size_t bytes);
  void append(std::string_view kept, std::size_t origin);

  WindowSizes sizes_;
  std::string_view text_;
  std::size_t position_ = 0;  // in text_: what is not yet in a window's own part (plain) or buffer
  std::size_t own_end_ = 0;   // of the last window, in buffer_
  bool plain_ = true;
  bool done_ = false;
  std::string buffer_;
  std::vector<std::uint32_t> starts_;
};

// The whole of a short text, folded; without a map.
std::string fold(std::string_view text);

// A text folded up to `bytes_max`, with the offsets at which what each byte came from begins and
// ends.
struct FoldedText {
  std::string text;
  std::vector<std::uint32_t> begins;
  std::vector<std::uint32_t> ends;
  bool cut = false;
};
FoldedText fold_with_map(std::string_view text, std::size_t bytes_max);

bool is_plain(std::string_view text);  // folding changes nothing

}  // namespace portcullis::classify
