// A directory file with anything in it: errors with places, or people.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "portcullis/identity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portcullis;
  const auto directory =
      Directory::load({reinterpret_cast<const char*>(data), size}, "people.yaml");
  if (!directory) {
    if (directory.error().empty()) std::abort();
    for (const std::string& error : directory.error()) {
      if (!error.starts_with("people.yaml")) std::abort();
    }
    return 0;
  }
  const Directory::Person* person = (*directory)->find("i", "k");
  if (person != nullptr && person->id.empty()) std::abort();
  return 0;
}
