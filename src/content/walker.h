// Walks one JSON body along its surface's table and fills a Content.
//
// One exchange, one thread. simdjson finds the structure (On-Demand); everything it leaves open is
// checked here: depth, trailing data, the grammar of every scalar, duplicate members. Recursion is
// bounded by ContentLimits::depth_max, counted through JSON inside strings. The Content must
// outlive the Walker, its body must have 64 bytes of spare capacity. Errors: the first refusal.
#pragma once

#include <simdjson.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "content/arena.h"
#include "content/content.h"
#include "content/joiner.h"
#include "content/json_text.h"
#include "content/schema.h"

namespace portcullis {

inline constexpr std::size_t inner_levels_max = 3;  // JSON inside strings inside strings

// One parser for the body and one for each level of JSON inside strings.
using JsonParsers = std::array<simdjson::ondemand::parser, inner_levels_max + 1>;

class Walker {
 public:
  Walker(Content& content, const ContentOptions& options, JsonParsers& parsers);

  // Walks Content::body, whose root has this place.
  OrDenial<void> run(const Place& root);

 private:
  // A JSON document: the body, or a string's value that holds one.
  struct Document {
    std::string_view text;
    const Document* parent = nullptr;
    std::string_view parent_raw;   // the string in the parent's text, between the quotes
    std::size_t parent_begin = 0;  // where that is in the parent's text
    std::size_t level = 0;
    bool duplicates_refused = true;
  };
  // A closed object that is being walked.
  struct Frame {
    const Object* object;
    std::uint64_t variants = every_variant;  // those that have all members seen so far
    std::uint64_t tag = 0;                   // the variant that it says it is
    std::string_view speaker;
    std::string_view tag_name;
    bool store_seen = false;
  };
  // Where a value stands.
  struct Spot {
    const Place* place = nullptr;  // nullptr: free
    Frame* frame = nullptr;        // of the closed object whose member it is
    std::string_view key;          // the nearest member name
    bool redactable = false;       // inherited by what stands inside a string
  };
  enum class Next : std::uint8_t { refuse, skip, scan };  // what to do with a string
  struct Key {
    std::uint64_t hash;
    std::string_view name;
  };
  struct Named {
    std::string_view raw;
    std::string_view name;
  };

  bool document(const Document& document, const Spot& spot);
  bool value(const Document& document, simdjson::ondemand::value& value, const Spot& spot);
  bool object(const Document& document, simdjson::ondemand::object& object, const Spot& spot);
  bool array(const Document& document, simdjson::ondemand::array& array, const Spot& spot);
  bool member(const Document& document, simdjson::ondemand::field& field, std::size_t ordinal,
              const Spot& spot, Frame* frame);
  bool member_name(const Document& document, simdjson::ondemand::field& field, Named& out);
  bool unknown_member(const Named& named, std::string_view pointer, const Object& object);
  bool is_extra_member(std::string_view name, std::string_view pointer) const;
  static bool names_model(std::string_view key);
  static bool lists_models(std::string_view key);
  bool end_of_object(const Frame& frame);
  bool keys_differ(std::size_t first);

  bool literal(const Document& document, std::string_view token, const Spot& spot);
  bool number(const Document& document, std::string_view token, const Spot& spot);
  bool string(const Document& document, std::string_view token, const Spot& spot);
  bool enumerated(std::string_view value, const Spot& spot);
  Next special(std::string_view value, const Spot& spot);
  void model(std::string_view name);
  Next media_url(std::string_view url, const Place& place);
  bool plain_string(const Document& document, std::string_view raw, std::string_view value,
                    const Spot& spot);
  bool inner_json(const Document& document, std::string_view raw, std::string_view value,
                  const Spot& spot);

  bool unescape(std::string_view raw, std::string_view& out);
  bool fits(std::uint8_t type, const Spot& spot);
  bool emit(const Document& document, TextKind kind, std::string_view raw, std::string_view value,
            const Spot& spot);
  bool leave(std::string_view what, std::string_view pointer);
  std::size_t to_body(const Document& document, std::size_t position);
  bool refuse(Reason reason, std::string detail);
  bool refuse_json(simdjson::error_code error);

  Content& content_;
  const ContentOptions& options_;
  JsonParsers& parsers_;
  Arena arena_;
  Joiner joiner_;
  std::string path_;
  int depth_ = 0;
  bool in_turn_ = false;
  bool beyond_surface_ = false;          // inside a member that the surface does not know
  bool lists_models_ = false;            // inside one whose strings and names are models
  std::vector<Key> keys_;                // of all open objects
  std::vector<std::uint32_t> elements_;  // scalar texts of all open arrays
  std::vector<std::uint32_t> turn_;      // rewritable texts of the open turn
  std::array<JsonCursor, inner_levels_max + 1> cursors_;  // by level: how far to_body() has come
  Denial denial_;
};

}  // namespace portcullis
