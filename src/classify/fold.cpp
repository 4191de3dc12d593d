#include "classify/fold.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <utility>

#include "classify/utf8.h"

namespace portcullis::classify {
namespace {

constexpr std::uint32_t table_size = 0x20000;  // the planes that hold scripts
constexpr std::uint8_t keep = 0;
constexpr std::uint8_t drop = 0xff;

// Letters that look like a Latin one, and Latin letters that have no decomposition.
constexpr std::pair<std::u32string_view, std::string_view> lookalikes[] = {
    // Cyrillic
    {U"\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb", "aeopcyxijsdh"},
    {U"\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405",
     "ABEKMHOPCTYXIJS"},
    // Greek
    {U"\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf"
     U"\u03bd",
     "ABEZHIKMNOPTYXov"},
    // Latin: stroke and dotless forms
    {U"\u0142\u0141\u00f8\u00d8\u0111\u0110\u0131\u0127", "lLoOdDih"},
    // Punctuation that stands for an ASCII one
    {U"\u00b7\u2024\u3002\u2044\u2215\u2028\u2029\u0085", "...//\n\n\n"},
    {U"\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f", "\'\'\'\'\"\"\"\""},
};

std::uint8_t fold_decomposed(const UNormalizer2* normalizer, char32_t code) {
  UErrorCode status = U_ZERO_ERROR;
  std::array<UChar, 32> units{};
  const std::int32_t size = unorm2_getDecomposition(normalizer, static_cast<UChar32>(code),
                                                    units.data(), units.size(), &status);
  if (U_FAILURE(status) || size < 1 || units[0] >= 0x80 || units[0] < 0x20) return keep;
  for (std::int32_t i = 1; i < size; ++i) {
    if (u_getCombiningClass(units[static_cast<std::size_t>(i)]) == 0) return keep;
  }
  return static_cast<std::uint8_t>(units[0]);
}

bool is_compatible_form(char32_t code) {
  return (code >= 0xff00 && code <= 0xffef) || (code >= 0xfe50 && code <= 0xfe6f) ||
         (code >= 0x1d400 && code <= 0x1d7ff) || (code >= 0x2100 && code <= 0x214f);
}

std::uint8_t fold_of(char32_t code, const UNormalizer2* canonical, const UNormalizer2* compatible) {
  const auto point = static_cast<UChar32>(code);
  if (u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) return drop;
  const auto type = u_charType(point);
  if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK) return drop;
  if (type == U_CONTROL_CHAR) return drop;
  if (code == 0x302e || code == 0x302f) return drop;  // tone marks: spacing, but on what precedes
  if (type == U_DECIMAL_DIGIT_NUMBER)
    return static_cast<std::uint8_t>('0' + u_charDigitValue(point));
  if (type == U_SPACE_SEPARATOR) return ' ';
  if (type == U_DASH_PUNCTUATION) return '-';
  if (code == 0x2212 || code == 0x2043) return '-';  // minus sign, hyphen bullet
  return fold_decomposed(is_compatible_form(code) ? compatible : canonical, code);
}

using Table = std::array<std::uint8_t, table_size>;

Table make_table() {
  Table table{};
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* canonical = unorm2_getNFDInstance(&status);
  const UNormalizer2* compatible = unorm2_getNFKDInstance(&status);
  // INVARIANT: ICU's data is linked in; without it nothing could be classified.
  if (U_FAILURE(status)) std::abort();
  for (std::uint32_t code = 0; code < 0x20; ++code) table[code] = drop;
  table['\t'] = table['\n'] = table['\r'] = keep;
  table[0x7f] = drop;
  for (char32_t code = 0x80; code < table_size; ++code) {
    table[code] = fold_of(code, canonical, compatible);
  }
  for (const auto& [from, to] : lookalikes) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      table[from[i]] = static_cast<std::uint8_t>(to[i]);
    }
  }
  return table;
}

const Table& table() {
  static const Table instance = make_table();
  return instance;
}

std::uint8_t lookup(char32_t code) {
  if (code < table_size) return table()[code];
  return code >= 0xe0000 && code <= 0xe0fff ? drop : keep;  // tags and variation selectors
}

// Printable ASCII at the start of `text`.
std::size_t plain_run(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && static_cast<std::uint8_t>(text[i] - 0x20) < 0x5f) ++i;
  return i;
}

}  // namespace

bool is_plain(std::string_view text) {
  bool odd = false;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    odd |= static_cast<std::uint8_t>(byte - 0x20) >= 0x5f && byte != '\n' && byte != '\r' &&
           byte != '\t';
  }
  return !odd;
}

std::size_t Window::original_begin(std::size_t begin) const {
  return starts == nullptr ? base + begin : starts[begin];
}

std::size_t Window::original_end(std::size_t end) const {
  if (starts == nullptr) return base + end;
  if (end == 0) return starts[0];
  const std::size_t last = starts[end - 1];
  return last + decode_utf8(original, last).size;
}

void Folder::start(std::string_view text) {
  text_ = text;
  position_ = 0;
  own_end_ = 0;
  done_ = false;
  plain_ = is_plain(text);
  buffer_.clear();
  starts_.clear();
}

bool Folder::next(Window& window) {
  if (done_) return false;
  window.original = text_;
  return plain_ ? next_plain(window) : next_folded(window);
}

bool Folder::next_plain(Window& window) {
  const std::size_t begin = position_ - std::min(position_, sizes_.lead);
  const std::size_t own_end = std::min(text_.size(), position_ + sizes_.own);
  const std::size_t end = std::min(text_.size(), own_end + sizes_.tail);
  done_ = own_end == text_.size();
  window.text = text_.substr(begin, end - begin);
  window.own_begin = position_ - begin;
  window.own_end = own_end - begin;
  window.base = begin;
  window.starts = nullptr;
  position_ = own_end;
  return true;
}

bool Folder::next_folded(Window& window) {
  const std::size_t cut = own_end_ - std::min(own_end_, sizes_.lead);
  buffer_.erase(0, cut);
  starts_.erase(starts_.begin(), starts_.begin() + static_cast<std::ptrdiff_t>(cut));
  const std::size_t own_begin = own_end_ - cut;
  fill(own_begin + sizes_.own + sizes_.tail);
  own_end_ = std::min(buffer_.size(), own_begin + sizes_.own);
  if (position_ == text_.size() && buffer_.size() - own_begin <= sizes_.own) done_ = true;
  window.text = buffer_;
  window.own_begin = own_begin;
  window.own_end = own_end_;
  window.base = 0;
  window.starts = starts_.data();
  return true;
}

void Folder::append(std::string_view kept, std::size_t origin) {
  buffer_.append(kept);
  const std::size_t size = starts_.size();
  starts_.resize(size + kept.size());
  std::iota(starts_.begin() + static_cast<std::ptrdiff_t>(size), starts_.end(),
            static_cast<std::uint32_t>(origin));
}

void Folder::fill(std::size_t bytes) {
  while (buffer_.size() < bytes && position_ < text_.size()) {
    const std::size_t run = plain_run(text_.substr(position_, bytes - buffer_.size()));
    append(text_.substr(position_, run), position_);
    position_ += run;
    if (run > 0) continue;
    const CodePoint point = decode_utf8(text_, position_);
    const std::uint8_t to = point.valid ? lookup(point.code) : keep;
    if (to == keep) {
      append(text_.substr(position_, point.size), position_);
    } else if (to != drop) {
      buffer_.push_back(static_cast<char>(to));
      starts_.push_back(static_cast<std::uint32_t>(position_));
    }
    position_ += point.size;
  }
}

FoldedText fold_with_map(std::string_view text, std::size_t bytes_max) {
  FoldedText out;
  std::size_t position = 0;
  while (position < text.size() && out.text.size() < bytes_max) {
    const CodePoint point = decode_utf8(text, position);
    const std::uint8_t to = point.valid ? lookup(point.code) : keep;
    if (to == keep) {
      out.text.append(text.substr(position, point.size));
    } else if (to != drop) {
      out.text.push_back(static_cast<char>(to));
    }
    out.begins.resize(out.text.size(), static_cast<std::uint32_t>(position));
    position += point.size;
    out.ends.resize(out.text.size(), static_cast<std::uint32_t>(position));
  }
  out.cut = position < text.size();
  return out;
}

std::string fold(std::string_view text) {
  return is_plain(text) ? std::string(text)
                        : fold_with_map(text, std::numeric_limits<std::size_t>::max()).text;
}

}  // namespace portcullis::classify
