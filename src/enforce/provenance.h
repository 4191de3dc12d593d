// What an answer's head says of the provider and the model that were chosen behind us.
//
// Data: one row a gateway. Never guesses: what no row and no body names stays unknown.
#pragma once

#include <string_view>
#include <vector>

#include "enforce/record.h"
#include "enforce/request.h"

namespace portcullis {

// Fills outcome.provider and outcome.model from header values; names are lower case.
void learn_from_headers(std::string_view gateway, const std::vector<Header>& headers,
                        Outcome& outcome);

}  // namespace portcullis
