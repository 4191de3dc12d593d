#include "audit/strict_json.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "audit/record.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view simple_escapes = "\"\\/bfnrt";
constexpr std::size_t compared_one_by_one_max = 32;
constexpr std::uint64_t ones = 0x0101010101010101u;
constexpr std::uint64_t high_bits = 0x8080808080808080u;

template <class T>
T load(const char* from) {
  T out;
  std::memcpy(&out, from, sizeof out);
  return out;
}

// The high bit of each zero byte, and perhaps of some after the first.
std::uint64_t zero_bytes(std::uint64_t word) { return (word - ones) & ~word & high_bits; }

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

// The first byte that is a quote, a backslash, a control character or not ASCII.
const char* skip_plain(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little);
  while (end - at >= 8) {
    const auto word = load<std::uint64_t>(at);
    const std::uint64_t special = zero_bytes(word ^ ('"' * ones)) |
                                  zero_bytes(word ^ ('\\' * ones)) |
                                  ((word - 0x20 * ones) & ~word & high_bits) | (word & high_bits);
    if (special != 0) return at + std::countr_zero(special) / 8;
    at += 8;
  }
  while (at < end && is_plain(*at)) ++at;
  return at;
}

// Equal for equal names, mostly different for others.
std::uint64_t mark_of(std::string_view name) {
  const char* const first = name.data();
  const char* const last = first + name.size();
  std::uint64_t mark = name.size();
  if (name.size() >= 8) {
    mark += load<std::uint64_t>(first) * 31 + load<std::uint64_t>(last - 8);
  } else if (name.size() >= 4) {
    mark += std::uint64_t{load<std::uint32_t>(first)} << 32 | load<std::uint32_t>(last - 4);
  } else {
    for (const char c : name) mark = mark << 8 | static_cast<unsigned char>(c);
  }
  return mark * 0x9E3779B97F4A7C15u;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto tail = [&](std::uint32_t shift) {
    out += static_cast<char>(0x80 | (code >> shift & 0x3F));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

bool is_high_surrogate(std::uint32_t code) { return code >= 0xD800 && code < 0xDC00; }
bool is_low_surrogate(std::uint32_t code) { return code >= 0xDC00 && code < 0xE000; }

}  // namespace

void JsonChecker::begin(std::string_view text, RecordFacts& facts) {
  text_ = text;
  at_ = text.data();
  end_ = at_ + text.size();
  facts_ = &facts;
  problem_.clear();
  expect_ = Expect::value;
  depth_ = 0;
  names_.clear();
  if (!unescaped_.empty()) unescaped_.clear();
  top_ = {};
  name_ = {};
}

std::optional<std::string> JsonChecker::check(std::string_view text, RecordFacts& facts) {
  begin(text, facts);
  if (run()) return std::nullopt;
  return problem_;
}

std::vector<JsonChecker::Name> JsonChecker::names_of_every_record() {
  std::vector<Name> names;
  for (const std::string_view name :
       {"v", "stream", "seq", "prev", "batch", "epoch", "time", "salt", "type", "leaf", "mac"}) {
    names.push_back({name, mark_of(name)});
  }
  return names;
}

std::optional<std::string> JsonChecker::check_members(std::string_view members,
                                                      RecordFacts& facts) {
  static const std::vector<Name> of_every_record = names_of_every_record();
  if (members.empty()) return std::nullopt;
  begin(members, facts);
  levels_[depth_++] = {true, 0, 0};
  for (const Name& name : of_every_record) levels_[0].seen |= name.bit();
  names_ = of_every_record;
  expect_ = Expect::member;
  if (run_members()) return std::nullopt;
  return problem_;
}

bool JsonChecker::run_members() {
  do {
    if (!step()) return false;
    if (depth_ == 0) return syntax();
    while (at_ < end_ && *at_ == ' ') ++at_;
  } while (at_ < end_ || depth_ > 1 || expect_ != Expect::after_value);
  return names_differ() || refuse("a member that stands twice in one object");
}

bool JsonChecker::run() {
  do {
    if (!step()) return false;
  } while (depth_ > 0 || expect_ != Expect::after_value);
  while (take(' ')) continue;
  return at_ == end_ || syntax();
}

bool JsonChecker::step() {
  while (take(' ')) continue;
  if (at_ == end_) return syntax();
  switch (expect_) {
    case Expect::first_member:
      return take('}') ? leave() : read_member();
    case Expect::member:
      return read_member();
    case Expect::first_item:
      return take(']') ? leave() : read_value();
    case Expect::value:
      return read_value();
    case Expect::after_value:
      return read_after_value();
  }
  return syntax();
}

bool JsonChecker::read_value() {
  switch (*at_) {
    case '{':
    case '[':
      return enter(*at_);
    case '"': {
      Text value;
      if (!read_string(value)) return false;
      note_string(value);
      return end_scalar();
    }
    case 't':
      return read_literal("true");
    case 'f':
      return read_literal("false");
    case 'n':
      return refuse("null");
    default:
      return read_number();
  }
}

// Takes the comma that usually follows.
bool JsonChecker::end_scalar() {
  expect_ = Expect::after_value;
  if (depth_ > 0 && take(',')) {
    expect_ = levels_[depth_ - 1].object ? Expect::member : Expect::value;
  }
  return true;
}

bool JsonChecker::read_after_value() {
  const bool object = levels_[depth_ - 1].object;
  if (take(',')) {
    expect_ = object ? Expect::member : Expect::value;
    return true;
  }
  return take(object ? '}' : ']') ? leave() : syntax();
}

bool JsonChecker::read_member() {
  Text name;
  if (*at_ != '"') return syntax();
  if (!read_string(name) || !add_name(name.escaped ? unescape(name.raw) : name.raw)) return false;
  while (take(' ')) continue;
  if (!take(':')) return syntax();
  expect_ = Expect::value;
  // The usual next step, without the way through step().
  return at_ == end_ || *at_ == ' ' || read_value();
}

bool JsonChecker::read_string(Text& out) {
  const char* const begin = ++at_;
  for (;;) {
    at_ = skip_plain(at_, end_);
    if (at_ == end_) return syntax();
    if (*at_ == '"') {
      out.raw = {begin, static_cast<std::size_t>(at_ - begin)};
      ++at_;
      return true;
    }
    if (*at_ == '\\') {
      out.escaped = true;
      if (!read_escape()) return false;
      continue;
    }
    const std::size_t bytes = static_cast<unsigned char>(*at_) < 0x20
                                  ? 0
                                  : utf8_sequence({at_, static_cast<std::size_t>(end_ - at_)});
    if (bytes == 0) return refuse("bytes that are not UTF-8 text without control characters");
    at_ += bytes;
  }
}

bool JsonChecker::read_escape() {
  ++at_;
  if (at_ == end_) return syntax();
  const char kind = *at_++;
  if (kind != 'u') return simple_escapes.find(kind) != std::string_view::npos || syntax();
  std::uint32_t code = 0;
  if (!read_four_digits(code)) return false;
  if (code == 0) return refuse("a NUL, at which some readers stop");
  if (is_low_surrogate(code)) return refuse("a lone surrogate");
  if (!is_high_surrogate(code)) return true;
  if (!take('\\') || !take('u')) return refuse("a lone surrogate");
  return read_four_digits(code) && (is_low_surrogate(code) || refuse("a lone surrogate"));
}

bool JsonChecker::read_four_digits(std::uint32_t& out) {
  if (end_ - at_ < 4) return syntax();
  out = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(*at_++);
    if (digit < 0) return syntax();
    out = out << 4 | static_cast<std::uint32_t>(digit);
  }
  return true;
}

bool JsonChecker::read_number() {
  take('-');
  const char* const begin = at_;
  std::uint64_t value = 0;
  while (at_ < end_ && *at_ >= '0' && *at_ <= '9') {
    value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
    if (value > integer_max) return refuse("an integer beyond 2^53");
    ++at_;
  }
  if (at_ == begin || (*begin == '0' && at_ - begin > 1)) return syntax();
  const bool is_float = at_ < end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E');
  if (is_float) return refuse("a number that is no integer");
  return end_scalar();
}

bool JsonChecker::read_literal(std::string_view literal) {
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  if (!rest.starts_with(literal)) return syntax();
  at_ += literal.size();
  expect_ = Expect::after_value;
  return true;
}

bool JsonChecker::enter(char bracket) {
  if (depth_ == depth_max) return refuse("more than 64 levels");
  ++at_;
  const bool object = bracket == '{';
  levels_[depth_++] = {object, names_.size(), 0};
  expect_ = object ? Expect::first_member : Expect::first_item;
  return true;
}

bool JsonChecker::leave() {
  if (!names_differ()) return refuse("a member that stands twice in one object");
  names_.resize(levels_[--depth_].first_name);
  expect_ = Expect::after_value;
  return true;
}

bool JsonChecker::add_name(std::string_view name) {
  Level& level = levels_[depth_ - 1];
  const Name added{name, mark_of(name)};
  const std::size_t count = names_.size() - level.first_name;
  if ((level.seen & added.bit()) != 0 && count < compared_one_by_one_max) {
    const auto same = [&](const Name& other) {
      return other.mark == added.mark && other.text == name;
    };
    if (std::any_of(names_.end() - static_cast<std::ptrdiff_t>(count), names_.end(), same)) {
      return refuse("a member that stands twice in one object");
    }
  }
  level.seen |= added.bit();
  names_.push_back(added);
  if (depth_ == 1) top_ = name;
  name_ = name;
  return true;
}

// Small objects were compared name by name.
bool JsonChecker::names_differ() {
  const auto first = names_.begin() + static_cast<std::ptrdiff_t>(levels_[depth_ - 1].first_name);
  if (names_.end() - first <= static_cast<std::ptrdiff_t>(compared_one_by_one_max)) return true;
  const auto before = [](const Name& a, const Name& b) { return a.text < b.text; };
  const auto same = [](const Name& a, const Name& b) { return a.text == b.text; };
  std::sort(first, names_.end(), before);
  return std::adjacent_find(first, names_.end(), same) == names_.end();
}

// `raw` was read by read_string().
std::string_view JsonChecker::unescape(std::string_view raw) {
  std::string& out = unescaped_.emplace_back();
  const auto digits = [&](std::size_t at) {
    std::uint32_t code = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      code = code << 4 | static_cast<std::uint32_t>(hex_value(raw[i]));
    }
    return code;
  };
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out += raw[i];
      continue;
    }
    constexpr std::string_view letters = "bfnrt";
    const std::size_t letter = letters.find(raw[++i]);
    if (raw[i] != 'u') {
      out += letter == std::string_view::npos ? raw[i] : "\b\f\n\r\t"[letter];
      continue;
    }
    std::uint32_t code = digits(i + 1);
    i += 4;
    if (is_high_surrogate(code)) {
      code = 0x10000 + ((code - 0xD800) << 10) + (digits(i + 3) - 0xDC00);
      i += 6;
    }
    append_utf8(out, code);
  }
  return out;
}

void JsonChecker::note_string(const Text& value) {
  if (value.escaped || depth_ == 0 || depth_ > 2 || !levels_[depth_ - 1].object) return;
  if (depth_ == 1 && top_ == "id") facts_->id = value.raw;
  if (depth_ == 2 && levels_[0].object && top_ == "decision" && name_ == "effect") {
    if (value.raw == effect_name(Effect::allow)) facts_->effect = Effect::allow;
    if (value.raw == effect_name(Effect::deny)) facts_->effect = Effect::deny;
  }
}

bool JsonChecker::take(char c) {
  if (at_ == end_ || *at_ != c) return false;
  ++at_;
  return true;
}

bool JsonChecker::refuse(std::string what) {
  problem_ = std::move(what);
  return false;
}

bool JsonChecker::syntax() {
  return refuse("a syntax error at byte " + std::to_string(at_ - text_.data() + 1));
}

std::optional<std::string> check_strict_json(std::string_view line, RecordFacts& facts) {
  return JsonChecker().check(line, facts);
}

}  // namespace portcullis::audit
