// What is added to a log after it was read: `show --follow`.
//
// Goes on across segment rolls, a recovery that puts a rewritten segment in the place of the last
// one, and compression. Confined to one thread; it never waits: poll() as often as is wanted. A
// line that is not complete yet is left for later.
#pragma once

#include <string>

#include "audit/browse.h"
#include "portcullis/result.h"

namespace portcullis::audit {

class LogTail {
 public:
  LogTail(std::string directory, RecordFilter filter, const LogPosition& start);
  LogTail(const LogTail&) = delete;
  LogTail& operator=(const LogTail&) = delete;
  ~LogTail();

  // Visits what is new. Lines that are no records are passed over.
  Result<Visit> poll(const RecordVisitor& visitor);

 private:
  Result<Visit> read_new(const RecordVisitor& visitor);
  Result<Visit> read_compressed(const RecordVisitor& visitor);
  Visit take_lines(const RecordVisitor& visitor);
  bool reopen_if_replaced();
  void close();

  std::string directory_;
  RecordFilter filter_;
  LogPosition at_;
  int descriptor_ = -1;
  std::string buffer_;  // the bytes from at_.offset on that are read
};

}  // namespace portcullis::audit
