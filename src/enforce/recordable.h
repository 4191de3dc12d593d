// Which strings from outside may stand in a record as they are.
//
// Only those that match [A-Za-z0-9._:/@+-]{1,128} and in which the classifier finds nothing; any
// other is replaced by a keyed digest and its length. Pure over its arguments.
#pragma once

#include <initializer_list>
#include <string>

#include "enforce/evidence_key.h"
#include "portcullis/classify.h"

namespace portcullis {

// Replaces in place each of `texts` that may not be recorded. Empty strings stay.
void make_recordable(std::initializer_list<std::string*> texts, Scanner& scanner,
                     const EvidenceKey& key);

}  // namespace portcullis
