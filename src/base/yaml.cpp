#include "base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>
#include <unordered_set>

#include "base/encoding.h"

namespace portcullis {
namespace {

Position position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

Position position_at(std::string_view text, std::size_t offset) {
  Position position{1, 1};
  for (const char c : text.substr(0, offset)) {
    position =
        c == '\n' ? Position{position.line + 1, 1} : Position{position.line, position.column + 1};
  }
  return position;
}

// Reads the caller's bytes in place.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

// Leaves yaml-cpp, whose parser recurses, before it can go deeper.
struct Stop {};

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, Diagnostics& diagnostics, int depth_max)
      : text_(text), diagnostics_(diagnostics), depth_max_(static_cast<std::size_t>(depth_max)) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) {
      diagnostics_.error(position_of(mark), "more than one document, expected exactly one");
      throw Stop{};
    }
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_extras(mark, "", anchor);
    YamlNode node = node_of(YamlNode::Kind::null, mark);
    // An absent value is reported where its key stands, not where the next token does.
    if (!open_.empty() && open_.back().key) node.position = open_.back().key->position;
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    diagnostics_.error(position_of(mark), "aliases (*name) are not accepted: write the value out");
    add(node_of(YamlNode::Kind::scalar, mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_extras(mark, tag, anchor);
    YamlNode node = node_of(YamlNode::Kind::scalar, mark);
    node.quoted = tag == "!";
    node.text = value;
    check_quotes(node, mark);
    if (value.find('\0') != std::string::npos) {
      diagnostics_.error(node.position, "NUL characters are not accepted");
    }
    // yaml-cpp turns the escapes \N and \_ into single bytes above 0x7f.
    if (!is_utf8(value)) diagnostics_.error(node.position, "an escape that is not UTF-8");
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_extras(mark, tag, anchor);
    open(node_of(YamlNode::Kind::sequence, mark));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_extras(mark, tag, anchor);
    open(node_of(YamlNode::Kind::mapping, mark));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    std::optional<YamlNode> key;  // of a mapping: its value comes next
    std::unordered_set<std::string> keys;
  };

  static YamlNode node_of(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.position = position_of(mark);
    return node;
  }

  // yaml-cpp gives an untagged node the tag "?" or "!" and so hides an explicit "!".
  bool tagged(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!") return true;
    const auto offset = static_cast<std::size_t>(mark.pos);
    return offset < text_.size() && text_[offset] == '!';
  }

  // yaml-cpp takes the end of the file for a missing quote and gives out all lines up to it as one
  // string: rules would be gone without a word. So a quoted string ends on its line.
  void check_quotes(const YamlNode& node, const YAML::Mark& mark) {
    const auto begin = static_cast<std::size_t>(mark.pos);
    if (!node.quoted || begin >= text_.size()) return;
    const char quote = text_[begin];
    if (quote != '"' && quote != '\'') return;  // a block scalar
    for (std::size_t i = begin + 1; i < text_.size() && text_[i] != '\n'; ++i) {
      if (quote == '"' && text_[i] == '\\') {
        if (text_.substr(i + 1, 1) != "\n") ++i;
      } else if (text_[i] == quote) {
        if (quote == '"' || text_.substr(i + 1, 1) != "'") return;
        ++i;
      }
    }
    diagnostics_.error(node.position,
                       "a quoted string that does not end on its line: is a quote missing? (longer "
                       "text: a block, | or >)");
  }

  void refuse_extras(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) {
      diagnostics_.error(position_of(mark), "anchors (&name) are not accepted");
    }
    if (tagged(mark, tag)) diagnostics_.error(position_of(mark), "tags (!name) are not accepted");
  }

  void open(YamlNode node) {
    if (open_.size() == depth_max_) {
      diagnostics_.error(node.position,
                         "nested deeper than " + std::to_string(depth_max_) + " levels");
      throw Stop{};
    }
    open_.push_back(Frame{std::move(node), std::nullopt, {}});
  }

  void close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = open_.back();
    if (frame.node.kind == YamlNode::Kind::sequence) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.key) {
      frame.node.pairs.push_back({std::move(*frame.key), std::move(node)});
      frame.key.reset();
    } else {
      check_key(frame, node);
      frame.key = std::move(node);
    }
  }

  void check_key(Frame& frame, const YamlNode& key) {
    if (key.kind != YamlNode::Kind::scalar) {
      diagnostics_.error(key.position, "a key must be a plain or quoted string");
    } else if (key.text == "<<" && !key.quoted) {
      diagnostics_.error(key.position, "merge keys (<<) are not accepted");
    } else if (!frame.keys.insert(key.text).second) {
      diagnostics_.error(key.position, "duplicate key " + quote_for_message(key.text));
    }
  }

  std::string_view text_;
  Diagnostics& diagnostics_;
  std::size_t depth_max_;
  bool started_ = false;
  YamlNode root_;
  std::vector<Frame> open_;
};

// What yaml-cpp would drop, replace or take for another encoding.
bool acceptable_bytes(std::string_view text, Diagnostics& diagnostics, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    diagnostics.error({}, "larger than " + std::to_string(bytes_max) + " bytes");
    return false;
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    diagnostics.error(position_at(text, nul), "NUL characters are not accepted");
    return false;
  }
  if (!is_utf8(text)) {
    diagnostics.error({}, "not UTF-8");
    return false;
  }
  if (const auto mark = text.find("\xEF\xBB\xBF"); mark != std::string_view::npos) {
    diagnostics.error(position_at(text, mark), "byte order marks (U+FEFF) are not accepted");
    return false;
  }
  for (std::size_t at = text.find('\r'); at != std::string_view::npos;
       at = text.find('\r', at + 1)) {
    if (text.substr(at).starts_with("\r\n")) continue;
    diagnostics.error(position_at(text, at), "a carriage return without a line feed");
    return false;
  }
  for (std::size_t line = 0; line < text.size();
       line = std::min(text.find('\n', line), text.size() - 1) + 1) {
    if (text[line] != '%') continue;
    diagnostics.error(position_at(text, line), "directives (%NAME) are not accepted");
    return false;
  }
  return true;
}

}  // namespace

YamlNode parse_yaml(std::string_view text, Diagnostics& diagnostics, const YamlLimits& limits) {
  if (!acceptable_bytes(text, diagnostics, limits.bytes_max)) return {};
  Builder builder(text, diagnostics, limits.depth_max);
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    // The second call reports whatever follows the first document.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const Stop&) {
    return {};
  } catch (const YAML::Exception& e) {
    diagnostics.error(position_of(e.mark), e.msg);
    return {};
  } catch (const std::exception& e) {
    diagnostics.error({}, std::string("cannot be parsed: ") + e.what());
    return {};
  }
  return builder.take();
}

}  // namespace portcullis
