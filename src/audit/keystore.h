// The key files of a deployment: signing.pem, signing.pub, evidence.key, escrow.pub, escrow.pem,
// approver.pub, approver.pem.
//
// For the command line only: the daemon loads keys and never makes one. Nothing is overwritten.
#pragma once

#include <string>

#include "portcullis/result.h"

namespace portcullis::audit {

enum class EscrowPair { leave_to_auditors, generate };

enum class ApproverPair { leave_to_approver, generate };

// Makes the directory (0700) if it does not exist. Cause::exists if one of the files does.
Result<void> init_keys(const std::string& directory, EscrowPair escrow,
                       ApproverPair approver = ApproverPair::leave_to_approver);

struct PublicKeyText {
  std::string pem;
  std::string hex;
};
// Of DIRECTORY/signing.pub.
Result<PublicKeyText> read_public_key(const std::string& directory);

}  // namespace portcullis::audit
