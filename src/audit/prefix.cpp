#include "audit/prefix.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <utility>

#include "audit/file.h"
#include "audit/reader.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

// Three times what one batch can be: more was not left by one torn write.
constexpr std::size_t torn_bytes_max = 16u << 20;

// Takes over what the follower knows after a good record.
void extend(Prefix& prefix, const Follower& follower, const PrefixOptions& options) {
  prefix.end = {*follower.prev(), *follower.tree()};
  prefix.last_time = follower.last_time();
  prefix.tally = follower.tally();
  prefix.sealed = follower.sealed();
  if (prefix.end.tree.size() == options.checkpoint_size) {
    prefix.checkpoint_root = prefix.end.tree.root();
  }
}

// false: the valid prefix ends before this line.
Result<bool> take_line(Prefix& prefix, Follower& follower, const Line& line,
                       const PrefixOptions& options) {
  if (line.kind != Line::Kind::record) return false;
  const auto record = parse_record(line.text);
  if (!record && record.error().cause == Cause::unsupported) {
    return tl::unexpected(record.error());
  }
  if (!record || follower.sealed()) return false;
  Problems problems;
  follower.follow(*record, line.text, problems);
  if (!problems.empty()) {
    if (prefix.bytes > 0) return false;
    return failure(Cause::untrusted,
                   options.segment.name +
                       ", the last segment, begins with a bad record: " + problems.front().message);
  }
  if (prefix.bytes == 0 && record->head.seq == options.checkpoint_size) {
    prefix.checkpoint_root = follower.root_before_segment();
  }
  prefix.bytes = line.offset + line.text.size() + 1;
  extend(prefix, follower, options);
  return true;
}

Result<void> read_torn(Prefix& prefix, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(prefix.bytes));
  std::string chunk(1u << 20, '\0');
  std::uint64_t zeros = 0;  // seen since the last other byte
  prefix.file_bytes = prefix.bytes;
  while (file) {
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    const std::string_view got(chunk.data(), static_cast<std::size_t>(file.gcount()));
    prefix.file_bytes += got.size();
    const std::size_t last = got.find_last_not_of('\0');
    if (last == std::string_view::npos) {
      zeros += got.size();
      continue;
    }
    if (prefix.torn.size() + zeros + last + 1 > torn_bytes_max) {
      return failure(Cause::untrusted,
                     path + " holds more damaged bytes than one torn write can leave");
    }
    prefix.torn.append(zeros, '\0');
    prefix.torn.append(got.substr(0, last + 1));
    zeros = got.size() - last - 1;
  }
  if (!file.eof()) return tl::unexpected(io_error("read", path, -EIO));
  return {};
}

}  // namespace

Result<Prefix> read_prefix(const PrefixOptions& options) {
  const std::string path = options.directory + '/' + options.segment.name;
  auto reader = SegmentReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  KeyLadder keys(options.key);
  Follower follower({options.segment.first_seq, options.public_key, &keys});
  Prefix prefix;
  for (;;) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    const auto taken = take_line(prefix, follower, *line, options);
    if (!taken) return tl::unexpected(taken.error());
    if (!*taken) break;
  }
  if (prefix.bytes == 0) {
    return failure(Cause::untrusted, path + ", the last segment, does not begin with a record");
  }
  prefix.stream = *follower.stream();
  prefix.origin = follower.origin();
  prefix.key = *follower.key();
  if (auto read = read_torn(prefix, path); !read) return tl::unexpected(read.error());
  return prefix;
}

bool proves_loss(const Prefix& prefix) {
  const std::string marker = "{\"v\":1,\"stream\":\"" + hex(prefix.stream);
  RecordMac mac(prefix.stream, prefix.key);
  std::string_view rest = prefix.torn;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    // Damage may have swallowed the line feed before a good record.
    const std::size_t begin = rest.substr(0, end).rfind(marker);
    if (begin != std::string_view::npos) {
      const auto record = parse_record(rest.substr(begin, end - begin));
      if (record && record->head.batch > prefix.end.tree.size() &&
          mac(record->head.seq, sha256(record->body)) == record->mac) {
        return true;
      }
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace portcullis::audit
