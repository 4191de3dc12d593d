#include "audit/input.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <tuple>

#include "audit/file.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view compressed_ending = ".zst";

class InputFile {
 public:
  explicit InputFile(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

Result<std::string> read_all(const InputFile& file, const std::string& path) {
  std::string out(small_file_bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < out.size()) {
    const ssize_t got = ::read(file.descriptor(), out.data() + size, out.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(io_error("read", path, -errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > small_file_bytes_max) {
    return failure(Cause::limit,
                   path + " is larger than " + std::to_string(small_file_bytes_max) + " bytes");
  }
  out.resize(size);
  return out;
}

Error open_error(const std::string& path) {
  const Cause cause = errno == ENOENT ? Cause::not_found : Cause::io;
  return {cause, io_error("open", path, -errno).message};
}

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  const InputFile file(path);
  if (file.descriptor() < 0) return tl::unexpected(open_error(path));
  return read_all(file, path);
}

Result<std::string> read_secret_file(const std::string& path) {
  const InputFile file(path);
  if (file.descriptor() < 0) return tl::unexpected(open_error(path));
  struct stat facts {};
  if (::fstat(file.descriptor(), &facts) != 0)
    return tl::unexpected(io_error("stat", path, -errno));
  if ((facts.st_mode & 077) != 0) {
    return failure(Cause::untrusted,
                   path + " is a secret that others may read or write: its mode must be 0600");
  }
  return read_all(file, path);
}

Result<Digest> parse_hex_key(const std::string& text, const std::string& path) {
  std::string_view digits = text;
  if (digits.ends_with('\n')) digits.remove_suffix(1);
  const auto bytes = from_hex(digits);
  if (!bytes || bytes->size() != sizeof(Digest)) {
    return failure(Cause::invalid, path + " must hold 32 bytes as 64 lower-case hex digits");
  }
  Digest key;
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

Result<Digest> load_hex_secret(const std::string& path) {
  return read_secret_file(path).and_then(
      [&](const std::string& text) { return parse_hex_key(text, path); });
}

Result<SigningKey> load_signing_key(const std::string& path) {
  const auto pem = read_secret_file(path);
  if (!pem) return tl::unexpected(pem.error());
  auto key = SigningKey::from_pem(*pem);
  if (!key) return failure(key.error().cause, path + ": " + key.error().message);
  return key;
}

Result<PublicKey> load_public_key(const std::string& path) {
  const auto pem = read_small_file(path);
  if (!pem) return tl::unexpected(pem.error());
  const Bio bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  const EvpKey key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  PublicKey out;
  std::size_t length = out.size();
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key.get(), out.data(), &length) != 1) {
    return failure(Cause::invalid, path + " is not an Ed25519 public key in PEM");
  }
  return out;
}

Result<std::string> public_key_pem(const PublicKey& key) {
  const EvpKey public_key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!public_key || !bio || PEM_write_bio_PUBKEY(bio.get(), public_key.get()) != 1) {
    return failure(Cause::internal, "cannot encode a public key");
  }
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

std::string segment_name(std::uint64_t first_seq) {
  const std::string digits = std::to_string(first_seq);
  return std::string(20 - digits.size(), '0') + digits + ".jsonl";
}

std::string compressed_segment_name(std::uint64_t first_seq) {
  return segment_name(first_seq) + std::string(compressed_ending);
}

bool is_compressed(std::string_view segment) { return segment.ends_with(compressed_ending); }

Result<std::vector<SegmentName>> list_segments(const std::string& directory) {
  std::error_code error;
  std::vector<SegmentName> segments;
  for (auto entry = std::filesystem::directory_iterator(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    std::uint64_t first_seq = 0;
    const auto end = std::from_chars(name.data(), name.data() + name.size(), first_seq).ptr;
    if (end == name.data()) continue;
    if (name == segment_name(first_seq) || name == compressed_segment_name(first_seq)) {
      segments.push_back({first_seq, name});
    }
  }
  if (error) return failure(Cause::io, "cannot list " + directory + ": " + error.message());
  std::sort(segments.begin(), segments.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first_seq, a.name) < std::tie(b.first_seq, b.name);
  });
  const auto same = [](const auto& a, const auto& b) { return a.first_seq == b.first_seq; };
  segments.erase(std::unique(segments.begin(), segments.end(), same), segments.end());
  return segments;
}

}  // namespace portcullis::audit
