#include <string>

#include "classify/checksums.h"
#include "portcullis/classify.h"

namespace portcullis {

std::string redaction_token(std::string_view type) {
  std::string token = "[";
  for (const char c : type) token.push_back(classify::to_upper(c));
  token.push_back(']');
  return token;
}

}  // namespace portcullis
