// The words of a recorded policy input for its enumerations, in their order.
//
// Constants, shared by the writer and the reader so that they cannot differ.
#pragma once

#include <string_view>

namespace portcullis::policy {

inline constexpr std::string_view subject_kinds[] = {"unresolved", "person", "service"};
inline constexpr std::string_view proofs[] = {"none", "directory", "profile"};
inline constexpr std::string_view confidences[] = {"low", "medium", "high"};

}  // namespace portcullis::policy
