// Which strings from outside may stand in a record as they are.
//
// Only those that match [A-Za-z0-9._:/@+-]{1,128} and in which the classifier finds nothing; any
// other is replaced by a keyed digest and its length. Pure over its arguments; each thread
// remembers some texts that its classifier found clean.
#pragma once

#include <span>
#include <string>

#include "enforce/evidence_key.h"
#include "portcullis/classify.h"

namespace portcullis {

// Replaces in place each of `texts` that may not be recorded. Empty strings stay.
void make_recordable(std::span<std::string* const> texts, Scanner& scanner, const EvidenceKey& key);
void make_recordable(std::string& text, Scanner& scanner, const EvidenceKey& key);

}  // namespace portcullis
