#include "content/walker.h"

#include <algorithm>
#include <charconv>

namespace portcullis {
namespace {

namespace od = simdjson::ondemand;

// Restores the pointer when a member or an element has been walked.
class PathScope {
 public:
  explicit PathScope(std::string& path) : path_(path), size_(path.size()) {}
  ~PathScope() { path_.resize(size_); }
  PathScope(const PathScope&) = delete;
  PathScope& operator=(const PathScope&) = delete;

 private:
  std::string& path_;
  std::size_t size_;
};

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

const Member* find_member(const Object& object, std::string_view name) {
  for (const Member& member : object.members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

// A number that is no part of an identifier; joined, lists of these would look like anything.
bool is_measurement(const Text& text) {
  return text.kind == TextKind::number &&
         text.value.find_first_of("-.eE") != std::string_view::npos;
}

std::string_view next_segment(std::string_view& pointer) {
  const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
  const std::string_view segment = pointer.substr(0, end);
  pointer.remove_prefix(end);
  return segment;
}

// "*" in the pattern stands for any array index.
bool matches_pointer(std::string_view pattern, std::string_view pointer) {
  while (!pattern.empty() && !pointer.empty()) {
    const std::string_view wanted = next_segment(pattern);
    const std::string_view found = next_segment(pointer);
    const bool index = wanted == "/*" && found.size() > 1 &&
                       found.find_first_not_of("0123456789", 1) == std::string_view::npos;
    if (wanted != found && !index) return false;
  }
  return pattern.empty() && pointer.empty();
}

std::string escape_pointer(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

// Names that are told to the caller: they look like a parameter's, not like data.
bool is_parameter_name(std::string_view name) {
  return name.size() <= 40 && !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
         });
}

std::string_view without_trailing_space(std::string_view token) {
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace

Walker::Walker(Content& content, const ContentOptions& options, JsonParsers& parsers)
    : content_(content),
      options_(options),
      parsers_(parsers),
      arena_(content.arena),
      joiner_(content, arena_) {}

OrDenial<void> Walker::run(const Place& root) {
  if (content_.body.starts_with("\xef\xbb\xbf")) {
    return deny(Reason::json_invalid, "the body begins with a byte order mark");
  }
  const Document body{.text = content_.body};
  if (!document(body, Spot{.place = &root})) {
    return tl::unexpected<Denial>(std::move(denial_));
  }
  joiner_.end_of_turns();
  if (content_.texts.size() > options_.limits.texts_max) {
    refuse(Reason::too_many_texts, "more texts than content.texts_max");
    return tl::unexpected<Denial>(std::move(denial_));
  }
  return {};
}

bool Walker::document(const Document& document, const Spot& spot) {
  const std::string_view text = document.text;
  od::document json;
  if (const auto error =
          parsers_[document.level]
              .iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING)
              .get(json)) {
    return refuse_json(error);
  }
  od::json_type type{};
  if (const auto error = json.type().get(type)) return refuse_json(error);
  bool walked = false;
  if (type == od::json_type::object) {
    od::object root;
    if (const auto error = json.get_object().get(root)) return refuse_json(error);
    walked = object(document, root, spot);
  } else if (type == od::json_type::array) {
    od::array root;
    if (const auto error = json.get_array().get(root)) return refuse_json(error);
    walked = array(document, root, spot);
  } else {
    return refuse(Reason::member_invalid, "the body must be a JSON object");
  }
  if (!walked) return false;
  if (json.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return refuse(Reason::json_invalid, "the body goes on after its JSON value");
  }
  return true;
}

bool Walker::value(const Document& document, od::value& value, const Spot& spot) {
  od::json_type type{};
  if (const auto error = value.type().get(type)) return refuse_json(error);
  if (spot.place != nullptr && type != od::json_type::null) {
    if (spot.place->role == Role::state) {
      return refuse(Reason::provider_state,
                    "this refers to something stored at the provider, which nobody has scanned");
    }
    if (spot.place->role == Role::hosted_tool) {
      return refuse(Reason::hosted_tool, "only tools that the caller runs itself are allowed");
    }
  }
  switch (type) {
    case od::json_type::object: {
      od::object inner;
      if (const auto error = value.get_object().get(inner)) return refuse_json(error);
      return object(document, inner, spot);
    }
    case od::json_type::array: {
      od::array inner;
      if (const auto error = value.get_array().get(inner)) return refuse_json(error);
      return array(document, inner, spot);
    }
    case od::json_type::string: {
      const std::string_view token = without_trailing_space(value.raw_json_token());
      // INVARIANT: strings are consumed. simdjson takes one that is not for the name of a member
      // and skips a ':' that follows it.
      if (const auto error = value.get_raw_json_string().error()) return refuse_json(error);
      return string(document, token, spot);
    }
    case od::json_type::number:
      return number(document, without_trailing_space(value.raw_json_token()), spot);
    case od::json_type::boolean:
    case od::json_type::null:
      return literal(document, without_trailing_space(value.raw_json_token()), spot);
  }
  return refuse(Reason::json_invalid, "the body is not JSON");
}

bool Walker::object(const Document& document, od::object& object, const Spot& spot) {
  if (!fits(json_type_bit::object, spot)) return false;
  if (++depth_ > options_.limits.depth_max) {
    return refuse(Reason::nesting_too_deep, "nested deeper than content.depth_max");
  }
  Frame frame{.object = spot.place == nullptr ? nullptr : spot.place->object};
  const bool is_turn = frame.object != nullptr && frame.object->turn;
  if (is_turn) {
    in_turn_ = true;
    turn_.clear();
  }
  const std::size_t first_key = keys_.size();
  std::size_t ordinal = 0;
  for (auto item : object) {
    od::field field;
    if (const auto error = std::move(item).get(field)) return refuse_json(error);
    Frame* const closed = frame.object == nullptr ? nullptr : &frame;
    if (!member(document, field, ordinal, spot, closed)) return false;
    ++ordinal;
  }
  if (document.duplicates_refused && !keys_differ(first_key)) return false;
  keys_.resize(first_key);
  if (frame.object != nullptr && !end_of_object(frame)) return false;
  if (is_turn) in_turn_ = false;
  --depth_;
  return true;
}

bool Walker::array(const Document& document, od::array& array, const Spot& spot) {
  if (!fits(json_type_bit::array, spot)) return false;
  if (++depth_ > options_.limits.depth_max) {
    return refuse(Reason::nesting_too_deep, "nested deeper than content.depth_max");
  }
  Spot element = spot;
  element.frame = nullptr;
  if (spot.place != nullptr && spot.place->role != Role::token_ids) {
    element.place = spot.place->element;
  }
  const std::size_t first = elements_.size();
  std::size_t index = 0;
  for (auto item : array) {
    od::value child;
    if (const auto error = std::move(item).get(child)) return refuse_json(error);
    const PathScope scope(path_);
    path_ += '/';
    append_number(path_, index++);
    const std::size_t texts = content_.texts.size();
    const bool is_scalar = child.is_scalar().value_unsafe();
    if (!value(document, child, element)) return false;
    if (!is_scalar || content_.texts.size() == texts) continue;
    if (is_measurement(content_.texts[texts])) {
      joiner_.elements(std::span(elements_).subspan(first));
      elements_.resize(first);
    } else {
      elements_.push_back(static_cast<std::uint32_t>(texts));
    }
  }
  joiner_.elements(std::span(elements_).subspan(first));
  elements_.resize(first);
  --depth_;
  return true;
}

bool Walker::member(const Document& document, od::field& field, std::size_t ordinal,
                    const Spot& spot, Frame* frame) {
  Named named;
  if (!member_name(document, field, named)) return false;
  const Member* known = frame == nullptr ? nullptr : find_member(*frame->object, named.name);
  const PathScope scope(path_);
  if (known != nullptr) {
    path_ += '/';
    path_ += known->name;
    frame->variants &= known->variants;
    if (known->name == "store") frame->store_seen = true;
    return value(document, field.value(),
                 Spot{.place = known->place, .frame = frame, .key = named.name});
  }
  const std::string pointer = frame == nullptr ? std::string() : path_;
  path_ += "/*";
  append_number(path_, ordinal);
  if (frame != nullptr && !unknown_member(named, pointer, *frame->object)) return false;
  Spot inner{.key = named.name, .redactable = spot.redactable && frame == nullptr};
  if (frame == nullptr && spot.place != nullptr) inner.place = spot.place->element;
  Spot name_spot{.key = spot.key};
  if (!emit(document, TextKind::member_name, named.raw, named.name, name_spot)) return false;
  if (lists_models_ && !names_model(named.name)) model(named.name);
  const bool outside = beyond_surface_;
  const bool lists = lists_models_;
  beyond_surface_ = outside || frame != nullptr;
  lists_models_ = lists || (beyond_surface_ && lists_models(named.name));
  const bool walked = value(document, field.value(), inner);
  beyond_surface_ = outside;
  lists_models_ = lists;
  return walked;
}

bool Walker::names_model(std::string_view key) {
  const std::string name = folded(key);
  return name == "model" || name == "models";
}

// Gateways read their models from members of many forms: [name], {name: [name]}, {"model": name}.
bool Walker::lists_models(std::string_view key) {
  const std::string name = folded(key);
  return name.find("model") != name.npos || name.find("fallback") != name.npos;
}

bool Walker::member_name(const Document& document, od::field& field, Named& out) {
  const char* const begin = field.key().raw();
  const char* const end = document.text.data() + document.text.size();
  const char* at = begin;
  bool escaped = false;
  while (at < end && *at != '"') {
    escaped = escaped || *at == '\\';
    at += *at == '\\' ? 2 : 1;
  }
  if (at >= end) return refuse(Reason::json_invalid, "the body is not JSON");
  out.raw = {begin, static_cast<std::size_t>(at - begin)};
  out.name = out.raw;
  if (escaped && !unescape(out.raw, out.name)) return false;
  keys_.push_back({folded_hash(out.name), out.name});
  return true;
}

// What lets a member pass that the surface does not know. A name that lenient readers take for a
// known one never passes.
bool Walker::unknown_member(const Named& named, std::string_view pointer, const Object& object) {
  const bool shown = is_parameter_name(named.name);
  const std::string name = shown ? " \"" + std::string(named.name) + "\"" : std::string();
  if (!options_.scan_unknown_members && !is_extra_member(named.name, pointer)) {
    return refuse(Reason::unknown_member, "unknown member" + name);
  }
  const std::string fold = folded(named.name);
  for (const Member& member : object.members) {
    if (member.name == fold) {
      return refuse(Reason::unknown_member, "member" + name + " differs in case from a known one");
    }
  }
  return true;
}

bool Walker::is_extra_member(std::string_view name, std::string_view pointer) const {
  if (options_.extra_members.empty()) return false;
  const std::string full = std::string(pointer) + "/" + escape_pointer(name);
  return std::any_of(options_.extra_members.begin(), options_.extra_members.end(),
                     [&](const std::string& extra) { return matches_pointer(extra, full); });
}

bool Walker::end_of_object(const Frame& frame) {
  const Object& object = *frame.object;
  if (frame.tag == 0 && object.untagged != Reason::none && frame.speaker.empty()) {
    return refuse(object.untagged, "the member \"type\" is missing");
  }
  const std::uint64_t variant = frame.tag == 0 ? object.default_variant : frame.tag;
  if ((variant & frame.variants) == 0) {
    return refuse(Reason::unknown_member, "a member that an object of this type does not have");
  }
  if (object.turn) joiner_.turn(frame.speaker.empty() ? frame.tag_name : frame.speaker, turn_);
  if (object.store_defaults_true && !frame.store_seen) {
    const std::size_t at = content_.body.find('{') + 1;
    const std::size_t next = content_.body.find_first_not_of(" \t\r\n", at);
    const bool is_empty = next == std::string::npos || content_.body[next] == '}';
    content_.forced.push_back({{at, at}, is_empty ? "\"store\":false" : "\"store\":false,"});
  }
  return true;
}

bool Walker::keys_differ(std::size_t first) {
  const auto keys = std::span(keys_).subspan(first);
  const auto same = [](const Key& a, const Key& b) {
    return a.hash == b.hash && (a.name == b.name || folded(a.name) == folded(b.name));
  };
  bool twice = false;
  if (keys.size() <= 16) {
    for (std::size_t i = 1; i < keys.size() && !twice; ++i) {
      for (std::size_t j = 0; j < i && !twice; ++j) twice = same(keys[i], keys[j]);
    }
  } else {
    std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) {
      return a.hash != b.hash ? a.hash < b.hash : folded(a.name) < folded(b.name);
    });
    twice = std::adjacent_find(keys.begin(), keys.end(), same) != keys.end();
  }
  if (!twice) return true;
  return refuse(Reason::duplicate_member,
                "an object has the same member twice (compared without regard to case)");
}

}  // namespace portcullis
