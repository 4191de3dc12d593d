#include "audit/tally.h"

#include "base/json_out.h"

namespace portcullis::audit {

void Tally::count(RecordType type, std::optional<Effect> effect, std::string_view time) {
  ++types_[static_cast<std::size_t>(type)];
  if (effect) ++effects_[static_cast<std::size_t>(*effect)];
  if (first_time_.empty()) first_time_ = time;
  last_time_ = time;
}

std::string Tally::members() const {
  std::string out;
  JsonWriter json(out);
  json.name("counts").begin_object();
  for (std::size_t i = 0; i < types_.size(); ++i) {
    if (types_[i] == 0) continue;
    json.name_of(record_type_name(static_cast<RecordType>(i)))
        .integer(static_cast<std::int64_t>(types_[i]));
  }
  json.end_object().name("effects").begin_object();
  for (const Effect effect : {Effect::allow, Effect::deny}) {
    json.name_of(effect_name(effect))
        .integer(static_cast<std::int64_t>(effects_[static_cast<std::size_t>(effect)]));
  }
  json.end_object();
  json.string("first_time", first_time_).string("last_time", last_time_);
  return out;
}

}  // namespace portcullis::audit
