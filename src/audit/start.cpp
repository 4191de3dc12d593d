#include "audit/start.h"

#include <utility>

#include "audit/input.h"
#include "audit/keys.h"
#include "audit/predecessor.h"
#include "audit/recover.h"
#include "audit/retire.h"

namespace portcullis::audit {
namespace {

// What a retirement that was not brought to an end, or a genesis that was, left behind.
Result<std::optional<Predecessor>> settle_predecessor(const std::string& directory,
                                                      FileSystem& files) {
  auto predecessor = load_predecessor(directory);
  if (!predecessor || !*predecessor) return predecessor;
  const auto key = load_stream_key(directory);
  if (!key || key->stream != *stream_of(**predecessor)) return predecessor;
  switch ((*predecessor)->reason) {
    case Succession::rotated:
      return failure(Cause::invalid, "a rotation of the keys of " + directory +
                                         " was interrupted: run `portcullis keys rotate` again");
    case Succession::restored:
      if (auto done = put_away(files, directory, **predecessor); !done) {
        return tl::unexpected(done.error());
      }
      return predecessor;
  }
  return predecessor;
}

Result<std::unique_ptr<Writer>> begin(Writer::Parts parts, const AuditOptions& options,
                                      const Secrets& secrets,
                                      const std::optional<Predecessor>& predecessor) {
  const bool rotated = predecessor && predecessor->reason == Succession::rotated;
  if (rotated && predecessor->public_key == parts.signing_key.public_key()) {
    return failure(Cause::invalid, options.signing_key_file +
                                       " was rotated out, but is still in its place: run "
                                       "`portcullis keys rotate` again");
  }
  return Writer::begin(std::move(parts),
                       {options.deployment, secrets.escrow, secrets.approver, predecessor});
}

}  // namespace

Result<Secrets> load_secrets(const AuditOptions& options) {
  auto signing = load_signing_key(options.signing_key_file);
  if (!signing) return tl::unexpected(signing.error());
  const auto pem = read_small_file(options.escrow_public_key_file);
  if (!pem) return tl::unexpected(pem.error());
  auto escrow = EscrowPublicKey::from_pem(*pem, options.escrow_public_key_file);
  if (!escrow) return tl::unexpected(escrow.error());
  const auto evidence = load_hex_secret(options.evidence_key_file);
  if (!evidence) return tl::unexpected(evidence.error());
  Secrets secrets{*std::move(signing), *std::move(escrow), *evidence, std::nullopt};
  if (options.approver_key_file.empty()) return secrets;
  const auto approver = load_public_key(options.approver_key_file);
  if (!approver) return tl::unexpected(approver.error());
  secrets.approver = *approver;
  return secrets;
}

WriterOptions writer_options(const AuditOptions& options) {
  WriterOptions out;
  out.directory = options.directory;
  out.segment_bytes_max = options.segment_bytes_max;
  out.segment_age_max = options.segment_age_max;
  out.record_bytes_max = options.record_bytes_max;
  return out;
}

Result<std::unique_ptr<Writer>> start_writer(const AuditOptions& options, Secrets secrets,
                                             const Environment& environment) {
  const auto predecessor = settle_predecessor(options.directory, environment.files);
  if (!predecessor) return tl::unexpected(predecessor.error());
  auto tail = recover_stream({options.directory, secrets.signing.public_key()}, environment);
  if (!tail) return tl::unexpected(tail.error());
  Writer::Parts parts{writer_options(options), environment, std::move(secrets.signing)};
  auto writer = *tail ? Writer::resume(std::move(parts), **tail)
                      : begin(std::move(parts), options, secrets, *predecessor);
  if (!writer || !*predecessor) return writer;
  // The genesis names it now, in this start or in one that was interrupted here.
  if (auto gone = remove_predecessor(environment.files, options.directory); !gone) {
    return tl::unexpected(gone.error());
  }
  return writer;
}

}  // namespace portcullis::audit
