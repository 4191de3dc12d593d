#include "audit/verify_trust.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "audit/input.h"
#include "audit/moment.h"
#include "audit/note.h"
#include "audit/record.h"

namespace portcullis::audit {
namespace {

using Faults = std::vector<Fault>;

void refuse(Faults& faults, const std::string& what, const std::string& why) {
  faults.push_back({what, 0, 0, std::nullopt, VerifyExit::usage, why});
}

// Puts what was loaded to its place, or says why it cannot be.
template <class T>
void keep(Faults& faults, const std::string& file, Result<T> loaded, std::optional<T>& place) {
  if (loaded) {
    place.emplace(*std::move(loaded));
  } else {
    refuse(faults, file, loaded.error().message);
  }
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void load_keys(const VerifyOptions& options, VerifyTrust& trust, Faults& faults) {
  if (!options.public_key_file.empty()) {
    keep(faults, options.public_key_file, load_public_key(options.public_key_file),
         trust.public_key);
  }
  if (!options.approver_key_file.empty()) {
    keep(faults, options.approver_key_file, load_public_key(options.approver_key_file),
         trust.approver_key);
  }
  if (!options.key_file.empty()) {
    keep(faults, options.key_file, load_hex_secret(options.key_file), trust.first_key);
  }
  if (!options.key_file.empty() && options.directories.size() > 1) {
    refuse(faults, "--key", "K_0 is of one stream: with several directories, give --escrow-key");
  }
  if (!options.escrow_key_file.empty()) {
    keep(faults, options.escrow_key_file,
         read_secret_file(options.escrow_key_file).and_then([&](const std::string& pem) {
           return EscrowPrivateKey::from_pem(pem, options.escrow_key_file);
         }),
         trust.escrow);
  }
}

void load_anchor_trust(const VerifyOptions& options, AnchorTrust& trust, Faults& faults) {
  if (!options.certificate_files.empty()) {
    keep(faults, "--tsa-certificate", TimeStampAuthorities::load(options.certificate_files),
         trust.authorities);
  }
  for (const std::string& file : options.witness_key_files) {
    const auto keys = read_small_file(file).and_then(
        [](const std::string& text) { return parse_witness_keys(text); });
    if (!keys) {
      refuse(faults, file, keys.error().message);
      continue;
    }
    trust.witnesses.insert(trust.witnesses.end(), keys->begin(), keys->end());
  }
}

Result<OutsideAnchor> load_anchor(const std::string& file) {
  const auto note = read_small_file(file);
  if (!note) return tl::unexpected(note.error());
  const auto parsed = parse_note(*note);
  if (!parsed) return tl::unexpected(parsed.error());
  OutsideAnchor anchor{file, *note, {}, 0, std::nullopt};
  std::string_view text = parsed->text;
  anchor.origin = take_line(text);
  std::string_view digits = take_line(text);
  const auto size = take_integer(digits);
  if (!size || !digits.empty()) return failure(Cause::invalid, "not a checkpoint");
  anchor.size = *size;
  const auto reply = read_small_file(file + ".tsr");
  if (!reply && reply.error().cause != Cause::not_found) return tl::unexpected(reply.error());
  if (reply) {
    const auto bytes = as_bytes(*reply);
    anchor.reply.emplace(bytes.begin(), bytes.end());
  }
  return anchor;
}

void load_receipts(const VerifyOptions& options, VerifyTrust& trust, Faults& faults) {
  for (const std::string& text : options.receipts) {
    const auto receipt = Receipt::parse(text);
    if (receipt) trust.receipts.push_back(*receipt);
    if (!receipt) refuse(faults, "--receipt", "not a receipt: v1:stream:epoch:seq:hash:mac");
  }
  std::sort(trust.receipts.begin(), trust.receipts.end(), [](const Receipt& a, const Receipt& b) {
    return std::tie(a.stream, a.seq) < std::tie(b.stream, b.seq);
  });
}

void load_manifest(const VerifyOptions& options, VerifyTrust& trust, Faults& faults) {
  if (options.streams_file.empty()) return;
  const auto text = read_small_file(options.streams_file);
  if (!text) return refuse(faults, options.streams_file, text.error().message);
  trust.manifest.emplace();
  for (std::string_view rest = *text; !rest.empty();) {
    std::string_view line = take_line(rest);
    while (line.ends_with(' ') || line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') trust.manifest->emplace_back(line);
  }
}

std::string load_time(const char* option, const std::string& text, Faults& faults) {
  if (text.empty()) return {};
  const auto time = record_time(text);
  if (!time) refuse(faults, option, "not a time like 2026-11-22T15:44:01Z: " + text);
  return time.value_or("");
}

}  // namespace

VerifyTrust load_trust(const VerifyOptions& options, std::vector<Fault>& faults) {
  VerifyTrust trust;
  if (options.directories.empty()) refuse(faults, "audit verify", "no directory was named");
  load_keys(options, trust, faults);
  load_anchor_trust(options, trust.anchors, faults);
  for (const std::string& file : options.anchor_files) {
    auto anchor = load_anchor(file);
    if (!anchor) {
      refuse(faults, file, anchor.error().message);
      continue;
    }
    trust.outside.push_back(*std::move(anchor));
  }
  load_receipts(options, trust, faults);
  load_manifest(options, trust, faults);
  trust.from = load_time("--from", options.from, faults);
  trust.to = load_time("--to", options.to, faults);
  trust.anchor_age = options.anchor_age.count();
  return trust;
}

}  // namespace portcullis::audit
