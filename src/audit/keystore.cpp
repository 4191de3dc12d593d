#include "audit/keystore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "audit/escrow.h"
#include "audit/file.h"
#include "audit/input.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

struct KeyFile {
  std::string name;
  std::string content;
  mode_t mode = 0600;
};

Result<void> create_exclusively(const std::string& path, const KeyFile& file) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  const int descriptor = ::open(path.c_str(), flags, file.mode);
  if (descriptor < 0) return tl::unexpected(io_error("create", path, -errno));
  const ssize_t written = ::write(descriptor, file.content.data(), file.content.size());
  const bool good =
      written == static_cast<ssize_t>(file.content.size()) && ::fsync(descriptor) == 0;
  const int error = errno;
  ::close(descriptor);
  if (!good) return tl::unexpected(io_error("write", path, -error));
  return {};
}

Result<void> append_escrow_pair(std::vector<KeyFile>& files) {
  const auto key = EscrowPrivateKey::generate();
  if (!key) return tl::unexpected(key.error());
  auto secret = key->private_pem();
  if (!secret) return tl::unexpected(secret.error());
  auto shared = key->public_pem();
  if (!shared) return tl::unexpected(shared.error());
  files.push_back({"escrow.pem", *std::move(secret), 0600});
  files.push_back({"escrow.pub", *std::move(shared), 0644});
  return {};
}

Result<void> append_ed25519_pair(std::vector<KeyFile>& files, const std::string& name) {
  const SigningKey key = SigningKey::generate();
  auto shared = public_key_pem(key.public_key());
  if (!shared) return tl::unexpected(shared.error());
  files.push_back({name + ".pem", key.to_pem(), 0600});
  files.push_back({name + ".pub", *std::move(shared), 0644});
  return {};
}

Result<std::vector<KeyFile>> make_files(EscrowPair escrow, ApproverPair approver) {
  std::vector<KeyFile> files;
  if (auto made = append_ed25519_pair(files, "signing"); !made) {
    return tl::unexpected(made.error());
  }
  Digest evidence;
  random_bytes(evidence);
  files.push_back({"evidence.key", hex(evidence) + '\n', 0600});
  wipe(evidence);
  if (escrow == EscrowPair::generate) {
    if (auto made = append_escrow_pair(files); !made) return tl::unexpected(made.error());
  }
  if (approver == ApproverPair::generate) {
    if (auto made = append_ed25519_pair(files, "approver"); !made) {
      return tl::unexpected(made.error());
    }
  }
  return files;
}

}  // namespace

Result<void> init_keys(const std::string& directory, EscrowPair escrow, ApproverPair approver) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return tl::unexpected(io_error("create", directory, -errno));
  }
  const auto files = make_files(escrow, approver);
  if (!files) return tl::unexpected(files.error());
  for (const KeyFile& file : *files) {
    const std::string path = directory + '/' + file.name;
    if (::access(path.c_str(), F_OK) == 0) {
      return failure(Cause::exists, path + " exists; keys are never overwritten");
    }
  }
  for (const KeyFile& file : *files) {
    auto made = create_exclusively(directory + '/' + file.name, file);
    if (!made) return made;
  }
  const int synced = real_file_system().sync_directory(directory);
  if (synced < 0) return tl::unexpected(io_error("sync", directory, synced));
  return {};
}

Result<PublicKeyText> read_public_key(const std::string& directory) {
  const auto key = load_public_key(directory + "/signing.pub");
  if (!key) return tl::unexpected(key.error());
  auto pem = public_key_pem(*key);
  if (!pem) return tl::unexpected(pem.error());
  return PublicKeyText{*std::move(pem), hex(*key)};
}

}  // namespace portcullis::audit
