#include "enforce/forwarded.h"

#include <algorithm>

namespace portcullis {
namespace {

struct QueryPair {
  std::string_view whole;  // name=value, as received
  std::string_view name;
  std::string_view value;
};

std::vector<QueryPair> forwarded_pairs(const Inquiry& inquiry) {
  const auto known = forwarded_query(inquiry.route->surface);
  std::vector<QueryPair> pairs;
  std::string_view rest = inquiry.head.query;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view whole = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = std::min(whole.find('='), whole.size());
    const QueryPair pair{whole, whole.substr(0, equals),
                         whole.substr(std::min(equals + 1, whole.size()))};
    if (std::find(known.begin(), known.end(), pair.name) != known.end()) pairs.push_back(pair);
  }
  return pairs;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Text outside_text(Content& content, std::string value, TextKind kind) {
  content.arena.push_back(std::move(value));
  Text text;
  text.value = content.arena.back();
  text.kind = kind;
  text.escape_depth = 0;
  return text;
}

}  // namespace

std::vector<const Header*> forwarded_fields(const Inquiry& inquiry) {
  const auto known = forwarded_headers(inquiry.route->surface);
  std::vector<const Header*> fields;
  for (const Header& header : inquiry.head.headers) {
    if (std::find(known.begin(), known.end(), header.name) != known.end())
      fields.push_back(&header);
  }
  return fields;
}

std::string forwarded_target(const Inquiry& inquiry) {
  std::string target = inquiry.head.path;
  char separator = '?';
  for (const QueryPair& pair : forwarded_pairs(inquiry)) {
    target += separator;
    target += pair.whole;
    separator = '&';
  }
  return target;
}

void append_forwarded_texts(const Inquiry& inquiry, Content& content) {
  Text path = outside_text(content, percent_decode(inquiry.head.path), TextKind::path);
  path.pointer = "@path";
  content.texts.push_back(std::move(path));
  for (const QueryPair& pair : forwarded_pairs(inquiry)) {
    Text text = outside_text(content, percent_decode(pair.value), TextKind::query);
    text.key = pair.name;
    text.pointer = "@query/" + std::string(pair.name);
    content.texts.push_back(std::move(text));
  }
  for (const Header* field : forwarded_fields(inquiry)) {
    Text text;
    text.value = field->value;
    text.key = field->name;
    text.pointer = "@header/" + field->name;
    text.kind = TextKind::header;
    text.escape_depth = 0;
    content.texts.push_back(std::move(text));
  }
}

}  // namespace portcullis
