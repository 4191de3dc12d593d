// What of a request's head goes upstream, and is therefore classified like the body.
//
// A positive list: header and query names that the surface does not name are dropped. Pure
// functions.
#pragma once

#include <string>
#include <vector>

#include "content/content.h"
#include "enforce/inquiry.h"

namespace portcullis {

// The caller's headers that the surface forwards, as received.
std::vector<const Header*> forwarded_fields(const Inquiry& inquiry);

// "path?query" to send, with the names of the query that the surface forwards.
std::string forwarded_target(const Inquiry& inquiry);

// Adds the forwarded header, path and query values to the texts to classify. They live in
// content.arena or in the inquiry, which must outlive the content.
void append_forwarded_texts(const Inquiry& inquiry, Content& content);

}  // namespace portcullis
