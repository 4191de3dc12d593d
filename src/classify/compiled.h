// What a Classifier holds; for the Scanner only. Immutable; lives as long as its Classifier.
#pragma once

#include "classify/rules.h"
#include "portcullis/classify.h"

namespace portcullis {

struct Classifier::Compiled {
  classify::Rules rules;
};

}  // namespace portcullis
