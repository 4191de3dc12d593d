#include "classify/assignment.h"

#include <algorithm>

#include "classify/checksums.h"
#include "classify/extent.h"
#include "classify/secret_checks.h"

namespace portcullis::classify {
namespace {

constexpr std::size_t value_min = 5;
constexpr std::size_t gap_max = 24;  // bytes between the word and its value

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

enum class Sign : std::uint8_t { none, weak, strong };  // "is" is weak: prose says it too

struct Reader {
  std::string_view text;
  std::size_t at = 0;

  bool more() const { return at < text.size(); }
  void spaces() {
    while (more() && is_space(text[at])) ++at;
  }
  void markup() {  // closing quotes, escapes and emphasis around the word or the value
    while (more() && (is_quote(text[at]) || text[at] == '\\' || text[at] == '*')) ++at;
  }
  Sign sign() {
    constexpr std::string_view signs[] = {":=", "=>", "->", "==", "=", ":"};
    for (const std::string_view sign : signs) {
      if (text.substr(at).starts_with(sign)) {
        at += sign.size();
        return Sign::strong;
      }
    }
    if (!text.substr(at).starts_with("is ")) return Sign::none;
    at += 3;
    return Sign::weak;
  }
};

std::size_t value_end(std::string_view text, std::size_t begin, char quote) {
  const std::size_t limit = std::min(text.size(), begin + credential_bytes_max);
  std::size_t end = begin;
  for (; end < limit; ++end) {
    if (quote != 0 ? text[end] == quote || text[end] == '\n' : is_space(text[end])) break;
  }
  if (quote != 0) {  // a quote inside a string of JSON is escaped
    while (end > begin && text[end - 1] == '\\') --end;
  } else {
    while (end > begin &&
           std::string_view(",;.\"'`)]}>\\*").find(text[end - 1]) != std::string_view::npos) {
      --end;
    }
  }
  return end;
}

}  // namespace

std::size_t assigned_end(std::string_view text, std::size_t end) {
  const std::size_t limit = std::min(text.size(), end + extent_bytes_max);
  while (end < limit && !is_space(text[end]) && !is_quote(text[end])) ++end;
  return end;
}

bool may_be_credential(std::string_view value) {
  return value.size() >= value_min && value.size() <= credential_bytes_max &&
         value.find(' ') == std::string_view::npos && !is_placeholder(value);
}

bool is_strong_credential(std::string_view value) {
  return character_kinds(value) >= 2 && entropy(value) >= 2.0;
}

std::optional<Credential> find_assigned(std::string_view text, std::size_t word_end) {
  Reader reader{text, word_end};
  reader.markup();
  reader.spaces();
  const Sign sign = reader.sign();
  if (sign == Sign::none) return std::nullopt;
  reader.spaces();
  const std::size_t open = reader.at;
  reader.markup();
  if (!reader.more() || reader.at - word_end > gap_max) return std::nullopt;
  const char quote = reader.at > open && is_quote(text[reader.at - 1]) ? text[reader.at - 1] : '\0';
  const std::size_t end = value_end(text, reader.at, quote);
  const std::string_view value = text.substr(reader.at, end - reader.at);
  if (!may_be_credential(value)) return std::nullopt;
  const Credential credential{{reader.at, end}, is_strong_credential(value)};
  const bool prose = quote == 0 || sign == Sign::weak;
  if (prose && !credential.strong) return std::nullopt;
  // "is Required" and "is user-supplied" are prose; a digit makes it a value.
  if (sign == Sign::weak && quote == 0 && std::none_of(value.begin(), value.end(), is_digit)) {
    return std::nullopt;
  }
  return credential;
}

}  // namespace portcullis::classify
