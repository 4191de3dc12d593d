#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "audit/support.h"

namespace portcullis::audit {
namespace {

bool changes_files(Op op) {
  return op == Op::write || op == Op::sync || op == Op::truncate || op == Op::rename ||
         op == Op::remove || op == Op::make_directory;
}

FaultyFileSystem::Plan::Whose whose_call() {
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof name);
  using Whose = FaultyFileSystem::Plan::Whose;
  return std::string_view(name) == "pc-archive" ? Whose::archivist : Whose::writer;
}

// Sidecars, which nothing relies on: the power cut is about the rest.
bool is_background() { return whose_call() == FaultyFileSystem::Plan::Whose::archivist; }

}  // namespace

std::int64_t FaultyFileSystem::perform(Op op, const std::function<std::int64_t()>& call) {
  if (whose_call() != plan_.whose) return call();
  {
    const std::lock_guard lock(mutex_);
    if (fired_ && changes_files(op)) ++changes_after_;
    if (++calls_[op] != plan_.nth || op != plan_.op) return call();
    fired_ = true;
  }
  switch (plan_.how) {
    case How::fails:
      return -plan_.error;
    case How::fails_but_persists:
      call();
      return -plan_.error;
    case How::interrupted:
      return -EINTR;
    case How::short_write:
      return call();
  }
  return -plan_.error;
}

// In the one call that the plan cuts short.
bool FaultyFileSystem::is_planned_cut() {
  return plan_.how == How::short_write && fired_ && whose_call() == plan_.whose &&
         !cut_.exchange(true);
}

int FaultyFileSystem::open(const std::string& path, int flags) {
  return static_cast<int>(perform(Op::open, [&] { return real_file_system().open(path, flags); }));
}
std::int64_t FaultyFileSystem::write_at(int file, std::string_view data, std::uint64_t offset) {
  return perform(Op::write, [&] {
    const bool cut = is_planned_cut();
    return real_file_system().write_at(file, cut ? data.substr(0, data.size() / 2) : data, offset);
  });
}
std::int64_t FaultyFileSystem::read_at(int file, std::span<char> out, std::uint64_t offset) {
  return perform(Op::read, [&] {
    const bool cut = is_planned_cut();
    return real_file_system().read_at(file, cut ? out.first(out.size() / 2) : out, offset);
  });
}
int FaultyFileSystem::sync(int file) {
  return static_cast<int>(perform(Op::sync, [&] { return real_file_system().sync(file); }));
}
int FaultyFileSystem::truncate(int file, std::uint64_t size) {
  return static_cast<int>(
      perform(Op::truncate, [&] { return real_file_system().truncate(file, size); }));
}
int FaultyFileSystem::close(int file) { return real_file_system().close(file); }
int FaultyFileSystem::rename(const std::string& from, const std::string& to) {
  return static_cast<int>(perform(Op::rename, [&] { return real_file_system().rename(from, to); }));
}
int FaultyFileSystem::remove(const std::string& path) {
  return static_cast<int>(perform(Op::remove, [&] { return real_file_system().remove(path); }));
}
int FaultyFileSystem::make_directory(const std::string& path) {
  return static_cast<int>(
      perform(Op::make_directory, [&] { return real_file_system().make_directory(path); }));
}
int FaultyFileSystem::sync_directory(const std::string& path) {
  return static_cast<int>(
      perform(Op::sync_directory, [&] { return real_file_system().sync_directory(path); }));
}
int FaultyFileSystem::identify(const std::string& path, FileIdentity& out) {
  return static_cast<int>(
      perform(Op::identify, [&] { return real_file_system().identify(path, out); }));
}
int FaultyFileSystem::facts(const std::string& path, FileSystemFacts& out) {
  const auto result = perform(Op::facts, [&] { return real_file_system().facts(path, out); });
  out.free_bytes = free_bytes;
  return static_cast<int>(result);
}

bool MortalFileSystem::alive() {
  ++calls_;
  return !dead();
}

int MortalFileSystem::open(const std::string& path, int flags) {
  if (is_background()) return dead() ? -EIO : real_file_system().open(path, flags);
  if (!alive()) return -EIO;
  const int file = real_file_system().open(path, flags);
  if (file >= 0) open_files_[file] = path;
  return file;
}

std::int64_t MortalFileSystem::write_at(int file, std::string_view data, std::uint64_t offset) {
  if (is_background()) return dead() ? -EIO : real_file_system().write_at(file, data, offset);
  // The write that is under way when the power goes may reach the disk in part.
  const bool last = dies_at_ > 0 && calls_ + 1 == dies_at_;
  if (!alive() && !last) return -EIO;
  const std::string& path = open_files_.at(file);
  const std::string whole = read_text(path);
  Write write{path, offset, {}, std::string(data), whole.size()};
  if (offset < whole.size()) write.before = whole.substr(offset, data.size());
  writes_.push_back(std::move(write));
  const std::int64_t written = real_file_system().write_at(file, data, offset);
  return last ? -EIO : written;
}

std::int64_t MortalFileSystem::read_at(int file, std::span<char> out, std::uint64_t offset) {
  if (is_background()) return dead() ? -EIO : real_file_system().read_at(file, out, offset);
  return alive() ? real_file_system().read_at(file, out, offset) : -EIO;
}

int MortalFileSystem::sync(int file) {
  if (is_background()) return dead() ? -EIO : real_file_system().sync(file);
  if (!alive()) return -EIO;
  std::erase_if(writes_, [&](const Write& write) { return write.path == open_files_.at(file); });
  return real_file_system().sync(file);
}

int MortalFileSystem::truncate(int file, std::uint64_t size) {
  return alive() ? real_file_system().truncate(file, size) : -EIO;
}

int MortalFileSystem::close(int file) {
  if (is_background()) return real_file_system().close(file);
  open_files_.erase(file);
  return real_file_system().close(file);
}

int MortalFileSystem::rename(const std::string& from, const std::string& to) {
  if (is_background()) return dead() ? -EIO : real_file_system().rename(from, to);
  if (!alive()) return -EIO;
  Rename entry{from, to, {}};
  if (std::filesystem::exists(to)) {
    entry.backup = to + ".backup" + std::to_string(calls_);
    std::filesystem::create_hard_link(to, entry.backup);
  }
  renames_.push_back(entry);
  for (auto& [file, path] : open_files_) {
    if (path == from) path = to;
  }
  return real_file_system().rename(from, to);
}

// As if durable at once: nothing of ours relies on a file coming back.
int MortalFileSystem::remove(const std::string& path) {
  if (is_background()) return dead() ? -EIO : real_file_system().remove(path);
  return alive() ? real_file_system().remove(path) : -EIO;
}
int MortalFileSystem::make_directory(const std::string& path) {
  return alive() ? real_file_system().make_directory(path) : -EIO;
}

int MortalFileSystem::sync_directory(const std::string& path) {
  if (is_background()) return dead() ? -EIO : real_file_system().sync_directory(path);
  if (!alive()) return -EIO;
  for (const Rename& entry : renames_) {
    if (!entry.backup.empty()) std::filesystem::remove(entry.backup);
  }
  renames_.clear();
  return real_file_system().sync_directory(path);
}

int MortalFileSystem::identify(const std::string& path, FileIdentity& out) {
  return alive() ? real_file_system().identify(path, out) : -EIO;
}
int MortalFileSystem::facts(const std::string& path, FileSystemFacts& out) {
  return real_file_system().facts(path, out);
}

std::size_t MortalFileSystem::unsynced_bytes() const {
  std::size_t bytes = 0;
  for (const Write& write : writes_) bytes += write.after.size();
  return bytes;
}

void MortalFileSystem::power_cut(std::size_t kept, Renames renames) {
  for (auto write = writes_.rbegin(); write != writes_.rend(); ++write) {
    std::string whole = read_text(write->path);
    whole.replace(write->offset, write->before.size(), write->before);
    whole.resize(write->size_before);
    write_text(write->path, whole);
  }
  for (const Write& write : writes_) {
    const std::string part = write.after.substr(0, kept);
    kept -= part.size();
    if (part.empty()) continue;
    std::string whole = read_text(write.path);
    whole.resize(std::max<std::size_t>(whole.size(), write.offset + part.size()), '\0');
    whole.replace(write.offset, part.size(), part);
    write_text(write.path, whole);
  }
  for (auto entry = renames_.rbegin(); entry != renames_.rend(); ++entry) {
    if (renames == Renames::lost) {
      std::filesystem::rename(entry->to, entry->from);
      if (!entry->backup.empty()) std::filesystem::rename(entry->backup, entry->to);
    } else if (!entry->backup.empty()) {
      std::filesystem::remove(entry->backup);
    }
  }
  writes_.clear();
  renames_.clear();
}

}  // namespace portcullis::audit
