// The JSON Schema (draft 2020-12) of the configuration, made from the keys that the parser asks
// for.
//
// Pure function. The result is compared with config/portcullis.schema.json by a test.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "config/reader.h"

namespace portcullis::test {

nlohmann::ordered_json schema_of(const std::vector<KeyFacts>& keys);

}  // namespace portcullis::test
