#include "policy/compile.h"

#include <algorithm>
#include <map>
#include <utility>

namespace portcullis::policy {
namespace {

constexpr std::size_t index_bytes_max = 256u << 20;

using SlotKey = std::pair<Attribute, Confidence>;
using SlotValues = std::map<SlotKey, std::vector<std::string>>;

bool is_indexed(const Atom& atom) {
  if (atom.op != Operator::any_of && atom.op != Operator::none_of) return false;
  switch (attribute_info(atom.attribute).type) {
    case AttributeType::text:
    case AttributeType::boolean:
    case AttributeType::set:
    case AttributeType::classes:
    case AttributeType::types:
      return true;
    case AttributeType::glob:
    case AttributeType::residual:
    case AttributeType::integer:
    case AttributeType::time:
    case AttributeType::count:
      return false;
  }
  return false;
}

SlotKey slot_key(const Atom& atom, const Rule& rule) {
  const AttributeType type = attribute_info(atom.attribute).type;
  const bool graded = type == AttributeType::classes || type == AttributeType::types;
  return {atom.attribute, graded ? rule.min_confidence : Confidence::low};
}

SlotValues collect_values(const Syntax& syntax) {
  SlotValues values;
  for (const Rule& rule : syntax.rules) {
    for (const Atom& atom : rule.match) {
      if (!is_indexed(atom)) continue;
      auto& list = values[slot_key(atom, rule)];
      list.insert(list.end(), atom.values.begin(), atom.values.end());
    }
  }
  return values;
}

NameTable collect_classes(const Syntax& syntax) {
  std::vector<std::string> names;
  const auto take = [&](const std::vector<std::string>& more) {
    names.insert(names.end(), more.begin(), more.end());
  };
  for (const Rule& rule : syntax.rules) {
    take(rule.data_within);
    take(rule.redact);
    for (const Atom& atom : rule.match) {
      if (atom.attribute == Attribute::data_residual) take(atom.values);
    }
  }
  return NameTable(std::move(names));
}

class Compiler {
 public:
  explicit Compiler(Syntax syntax) : out_(std::make_unique<PolicySet::Compiled>()) {
    out_->syntax = std::move(syntax);
    words_ = words_for(out_->syntax.rules.size());
  }

  bool fits(const SlotValues& values) const {
    std::size_t bitsets = 0;
    for (const auto& [key, list] : values) bitsets += 2 * (list.size() + 1);
    return bitsets <= index_bytes_max / sizeof(Word) / std::max<std::size_t>(words_, 1);
  }

  std::unique_ptr<PolicySet::Compiled> build(SlotValues values) {
    index_models();
    out_->classes = collect_classes(out_->syntax);
    for (Bits* mask : {&out_->permits, &out_->forbids, &out_->requires_, &out_->enforced,
                       &out_->shadow, &out_->with_atoms, &out_->with_residual}) {
      mask->assign(words_, 0);
    }
    make_slots(std::move(values));
    for (std::size_t i = 0; i < out_->syntax.rules.size(); ++i) add_rule(i);
    return std::move(out_);
  }

 private:
  void index_models() {
    std::vector<std::string> names;
    for (const ModelEntry& model : out_->syntax.models) {
      names.insert(names.end(), model.names.begin(), model.names.end());
    }
    out_->wire_names = NameTable(std::move(names));
    out_->entry_of_name.resize(out_->wire_names.size());
    for (std::size_t i = 0; i < out_->syntax.models.size(); ++i) {
      for (const std::string& name : out_->syntax.models[i].names) {
        out_->entry_of_name[*out_->wire_names.find(name)] = i;
      }
    }
  }

  void make_slots(SlotValues values) {
    Bits all(words_, 0);
    for (std::size_t i = 0; i < out_->syntax.rules.size(); ++i) set(all, i);
    for (auto& [key, list] : values) {
      Slot slot;
      slot.info = &attribute_info(key.first);
      slot.confidence = key.second;
      slot.values = NameTable(std::move(list));
      slot.constrained.assign(words_, 0);
      slot.without_any_of = all;
      slot.satisfied.assign(slot.values.size(), Bits(words_, 0));
      slot.excluded = slot.satisfied;
      slot_index_[key] = out_->slots.size();
      out_->slots.push_back(std::move(slot));
    }
  }

  void add_rule(std::size_t index) {
    const Rule& rule = out_->syntax.rules[index];
    CompiledRule compiled;
    compiled.min_confidence = rule.min_confidence;
    compiled.classes =
        class_bits(rule.effect == RuleEffect::require ? rule.redact : rule.data_within);
    for (const Atom& atom : rule.match) {
      if (is_indexed(atom)) {
        index_atom(index, atom, out_->slots[slot_index_.at(slot_key(atom, rule))]);
      } else if (atom.attribute == Attribute::data_residual) {
        compiled.residual_atoms.push_back(atom);
        compiled.residual_classes.push_back(class_bits(atom.values));
      } else {
        compiled.atoms.push_back(atom);
      }
    }
    // Only a permit ends: a prohibition or a duty that lapsed silently would open the gate.
    if (rule.effect == RuleEffect::permit && rule.valid_until) {
      compiled.atoms.push_back(
          Atom{Attribute::env_now, {}, Operator::lt, {}, *rule.valid_until, false});
    }
    mark(index, rule, compiled);
    out_->rules.push_back(std::move(compiled));
  }

  void mark(std::size_t index, const Rule& rule, const CompiledRule& compiled) {
    switch (rule.effect) {
      case RuleEffect::permit:
        set(out_->permits, index);
        break;
      case RuleEffect::forbid:
        set(out_->forbids, index);
        break;
      case RuleEffect::require:
        set(out_->requires_, index);
        break;
    }
    set(rule.mode == Mode::enforce ? out_->enforced : out_->shadow, index);
    if (!compiled.atoms.empty()) set(out_->with_atoms, index);
    if (!compiled.residual_atoms.empty()) set(out_->with_residual, index);
  }

  void index_atom(std::size_t index, const Atom& atom, Slot& slot) const {
    set(slot.constrained, index);
    const bool any_of = atom.op == Operator::any_of;
    if (any_of) clear(slot.without_any_of, index);
    for (const std::string& value : atom.values) {
      const std::size_t rank = *slot.values.find(value);
      set(any_of ? slot.satisfied[rank] : slot.excluded[rank], index);
    }
  }

  Bits class_bits(const std::vector<std::string>& names) const {
    Bits bits(words_for(out_->classes.size()), 0);
    for (const std::string& name : names) set(bits, *out_->classes.find(name));
    return bits;
  }

  std::unique_ptr<PolicySet::Compiled> out_;
  std::size_t words_ = 0;
  std::map<SlotKey, std::size_t> slot_index_;
};

}  // namespace

NameTable::NameTable(std::vector<std::string> names) : names_(std::move(names)) {
  std::ranges::sort(names_);
  names_.erase(std::ranges::unique(names_).begin(), names_.end());
}

std::optional<std::size_t> NameTable::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(names_, name, std::less<>{});
  if (found == names_.end() || *found != name) return std::nullopt;
  return static_cast<std::size_t>(found - names_.begin());
}

std::unique_ptr<PolicySet::Compiled> compile(Syntax syntax, Diagnostics& diagnostics) {
  SlotValues values = collect_values(syntax);
  Compiler compiler(std::move(syntax));
  if (!compiler.fits(values)) {
    diagnostics.error({}, "too many rules and values together: the index would exceed " +
                              std::to_string(index_bytes_max >> 20) + " MiB");
    return nullptr;
  }
  return compiler.build(std::move(values));
}

}  // namespace portcullis::policy
