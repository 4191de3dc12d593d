// The scalars of a body: what each becomes, by the role of its place.
#include <algorithm>

#include "content/remote_url.h"
#include "content/walker.h"

namespace portcullis {
namespace {

constexpr std::string_view json_space = " \t\r\n";

// Cheap: whether it is worth while to read this string as JSON.
bool may_hold_json(std::string_view value) {
  const std::size_t first = value.find_first_not_of(json_space);
  if (first == std::string_view::npos) return false;
  const char last = value[value.find_last_not_of(json_space)];
  return (value[first] == '{' && last == '}') || (value[first] == '[' && last == ']');
}

// Each is looked up among the others.
constexpr std::size_t remote_hosts_max = 64;
constexpr std::size_t models_max = 64;  // more say nothing new: a request may name one

void add_once(std::vector<std::string>& list, std::string_view value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.emplace_back(value);
}

// The place's unscanned kind covers a whole list: one entry is enough.
bool already_left(const Content& content, std::string_view what, std::string_view pointer) {
  return !content.unscanned.empty() && content.unscanned.back().what == what &&
         content.unscanned.back().pointer == pointer;
}

}  // namespace

bool Walker::fits(std::uint8_t type, const Spot& spot) {
  if (spot.place == nullptr || (spot.place->types & type) != 0) return true;
  return refuse(Reason::member_invalid, "a value of the wrong type");
}

bool Walker::literal(const Document& document, std::string_view token, const Spot& spot) {
  if (token != "true" && token != "false" && token != "null") {
    return refuse(Reason::json_invalid, "the body is not JSON");
  }
  if (!fits(token == "null" ? json_type_bit::null : json_type_bit::boolean, spot)) return false;
  if (spot.place == nullptr) return true;
  const bool yes = token == "true";
  if (spot.place->role == Role::stream) content_.stream = yes;
  if (spot.place->role == Role::stream_usage) content_.stream_usage = yes;
  if (spot.place->role == Role::force_false && token != "false") {
    const auto begin = static_cast<std::size_t>(token.data() - document.text.data());
    content_.forced.push_back({{begin, begin + token.size()}, "false"});
  }
  return true;
}

bool Walker::number(const Document& document, std::string_view token, const Spot& spot) {
  if (!is_json_number(token)) return refuse(Reason::json_invalid, "the body is not JSON");
  if (!fits(json_type_bit::number, spot)) return false;
  if (spot.place != nullptr && spot.place->role == Role::token_ids) {
    const std::string_view list = std::string_view(path_).substr(0, path_.rfind('/'));
    return already_left(content_, "token_ids", list) || leave("token_ids", list);
  }
  Spot fixed = spot;
  fixed.redactable = false;
  return emit(document, TextKind::number, token, token, fixed);
}

bool Walker::string(const Document& document, std::string_view token, const Spot& spot) {
  if (token.size() < 2 || token.front() != '"' || token.back() != '"') {
    return refuse(Reason::json_invalid, "the body is not JSON");
  }
  if (!fits(json_type_bit::string, spot)) return false;
  const std::string_view raw = token.substr(1, token.size() - 2);
  std::string_view value;
  if (!unescape(raw, value)) return false;
  if (beyond_surface_ && (lists_models_ || names_model(spot.key))) model(value);
  if (spot.place != nullptr) {
    if (!spot.place->values.empty()) return enumerated(value, spot);
    const Next next = special(value, spot);
    if (next != Next::scan) return next == Next::skip;
  }
  return plain_string(document, raw, value, spot);
}

// A string of our own table has nothing to scan.
bool Walker::enumerated(std::string_view value, const Spot& spot) {
  const auto values = spot.place->values;
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const Value& known) { return known.name == value; });
  const Reason refused = found == values.end() ? spot.place->other_value : found->refused;
  if (refused == Reason::hosted_tool) {
    return refuse(refused, "only tools that the caller runs itself are allowed");
  }
  if (refused == Reason::provider_state) {
    return refuse(refused, "this refers to something stored at the provider");
  }
  if (refused != Reason::none) return refuse(refused, "not one of the known values");
  if (spot.place->role == Role::speaker) spot.frame->speaker = found->name;
  if (spot.place->role == Role::tag) {
    spot.frame->tag_name = found->name;
    spot.frame->tag = std::uint64_t{1} << (found - values.begin());
  }
  return true;
}

Walker::Next Walker::special(std::string_view value, const Spot& spot) {
  switch (spot.place->role) {
    case Role::model:
      model(value);
      return Next::scan;
    case Role::media:
    case Role::sealed:
      return leave(spot.place->unscanned, path_) ? Next::skip : Next::refuse;
    case Role::media_url:
      return media_url(value, *spot.place);
    case Role::plain:
    case Role::text:
    case Role::arguments:
    case Role::stream:
    case Role::stream_usage:
    case Role::force_false:
    case Role::state:
    case Role::hosted_tool:
    case Role::speaker:
    case Role::tag:
    case Role::token_ids:
      return Next::scan;
  }
  return Next::scan;
}

// INVARIANT: refuses nothing. A refusal inside a string's JSON makes a plain text of it, whose
// models would be forgotten.
void Walker::model(std::string_view name) {
  if (content_.models.size() < models_max) add_once(content_.models, name);
}

Walker::Next Walker::media_url(std::string_view url, const Place& place) {
  if (!leave(place.unscanned, path_)) return Next::refuse;
  if (is_data_url(url)) return Next::skip;
  const auto host = remote_host(url);
  if (!host) {
    refuse(Reason::remote_host, "the URL is not one of http, https or data with a plain host name");
    return Next::refuse;
  }
  add_once(content_.remote_hosts, *host);
  if (content_.remote_hosts.size() > remote_hosts_max) {
    refuse(Reason::remote_host, "more than " + std::to_string(remote_hosts_max) + " remote hosts");
    return Next::refuse;
  }
  return Next::scan;
}

bool Walker::plain_string(const Document& document, std::string_view raw, std::string_view value,
                          const Spot& spot) {
  const Role role = spot.place == nullptr ? Role::plain : spot.place->role;
  Spot here = spot;
  if (role == Role::text || role == Role::arguments || role == Role::token_ids) {
    here.redactable = true;
  }
  const auto before = cursors_;
  const std::size_t index = content_.texts.size();
  if (!emit(document, TextKind::string, raw, value, here)) return false;
  if (in_turn_ && role == Role::text && content_.texts.size() > index) {
    turn_.push_back(static_cast<std::uint32_t>(index));
  }
  if (document.level == inner_levels_max || !may_hold_json(value)) return true;
  const auto after = cursors_;
  cursors_ = before;
  if (!inner_json(document, raw, value, here)) return false;
  cursors_ = after;
  return true;
}

// A string that is not JSON, or that has to be JSON nowhere and is too deep, stays just a text.
bool Walker::inner_json(const Document& document, std::string_view raw, std::string_view value,
                        const Spot& spot) {
  const bool is_arguments = spot.place != nullptr && spot.place->role == Role::arguments;
  const bool strict = is_arguments || (document.level > 0 && document.duplicates_refused);
  const Document inner{.text = value,
                       .parent = &document,
                       .parent_raw = raw,
                       .parent_begin = static_cast<std::size_t>(raw.data() - document.text.data()),
                       .level = document.level + 1,
                       .duplicates_refused = strict};
  const std::size_t texts = content_.texts.size();
  const std::size_t models = content_.models.size();
  const std::size_t keys = keys_.size();
  const std::size_t elements = elements_.size();
  const int depth = depth_;
  cursors_[inner.level] = {};
  if (this->document(inner, Spot{.key = spot.key, .redactable = spot.redactable})) return true;
  const bool fatal =
      denial_.reason == Reason::too_many_texts || denial_.reason == Reason::internal ||
      (strict &&
       (denial_.reason == Reason::duplicate_member || denial_.reason == Reason::nesting_too_deep));
  if (fatal) return false;
  content_.texts.erase(content_.texts.begin() + static_cast<std::ptrdiff_t>(texts),
                       content_.texts.end());
  content_.models.resize(models);
  keys_.resize(keys);
  elements_.resize(elements);
  depth_ = depth;
  return true;
}

bool Walker::unescape(std::string_view raw, std::string_view& out) {
  out = raw;
  if (raw.find('\\') == std::string_view::npos) return true;
  const auto size = unescape_json(raw, arena_.room(raw.size()));
  if (!size) return refuse(Reason::utf8_invalid, "an escape that stands for no character");
  out = arena_.keep(*size);
  return true;
}

bool Walker::emit(const Document& document, TextKind kind, std::string_view raw,
                  std::string_view value, const Spot& spot) {
  if (value.empty()) return true;
  if (content_.texts.size() >= options_.limits.texts_max) {
    return refuse(Reason::too_many_texts, "more texts than content.texts_max");
  }
  const auto begin = static_cast<std::size_t>(raw.data() - document.text.data());
  Text& text = content_.texts.emplace_back();
  text.value = value;
  text.key = spot.key;
  text.pointer = path_;
  text.kind = kind;
  text.raw.begin = to_body(document, begin);
  text.raw.end = to_body(document, begin + raw.size());
  text.escape_depth =
      static_cast<std::uint8_t>(document.level + (kind == TextKind::number ? 0 : 1));
  text.redactable = spot.redactable;
  return true;
}

bool Walker::leave(std::string_view what, std::string_view pointer) {
  if (content_.unscanned.size() >= options_.limits.texts_max) {
    return refuse(Reason::too_many_texts, "more unreadable parts than content.texts_max");
  }
  content_.unscanned.push_back({std::string(what), std::string(pointer)});
  return true;
}

// INVARIANT: within one document positions come in ascending order, so each cursor only advances.
std::size_t Walker::to_body(const Document& document, std::size_t position) {
  const Document* at = &document;
  while (at->parent != nullptr) {
    advance(at->parent_raw, position, cursors_[at->level]);
    position = at->parent_begin + cursors_[at->level].raw;
    at = at->parent;
  }
  return position;
}

bool Walker::refuse(Reason reason, std::string detail) {
  denial_ = {reason, std::move(detail), path_};
  return false;
}

bool Walker::refuse_json(simdjson::error_code error) {
  if (error == simdjson::UTF8_ERROR) {
    return refuse(Reason::utf8_invalid, "the body is not well-formed UTF-8");
  }
  if (error == simdjson::MEMALLOC) return refuse(Reason::internal, "out of memory");
  return refuse(Reason::json_invalid, "the body is not JSON");
}

}  // namespace portcullis
