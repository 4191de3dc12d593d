// A record in the words of other systems. Nothing of it proves anything: that is what the log is
// for.
//
// - csv: RFC 4180 with a header, one row a record. A cell that a spreadsheet would take for a
//   formula (it begins with = + - @, a tab or a carriage return) gets an apostrophe in front.
// - ocsf: OCSF 1.3.0, class API Activity (6003), one JSON object a line; decisions and outcomes
//   only. What the class has no attribute for stands in `unmapped`.
// - syslog: RFC 5424, facility 13 (log audit), severity warning for denials, else informational;
//   the SD-ID is portcullis@32473, of the enterprise number that is reserved for documentation.
//
// Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/browse.h"

namespace portcullis::audit {

enum class ExportFormat : std::uint8_t { csv, ocsf, syslog };
enum class SyslogFraming : std::uint8_t { line_feed, octet_counting };  // RFC 6587 section 3.4

struct ExportOptions {
  ExportFormat format = ExportFormat::csv;
  std::string hostname = "-";  // of syslog
  SyslogFraming framing = SyslogFraming::line_feed;
};

// What stands before the first record.
std::string export_header(const ExportOptions& options);
// false: the format has no place for such a record.
bool append_export(std::string& out, const StoredRecord& record, const ExportOptions& options);

void append_csv_cell(std::string& out, std::string_view text);
// With its quotes: the escapes of RFC 5424 section 6.3.3; control characters become '?'.
void append_syslog_value(std::string& out, std::string_view text);

// What all formats tell, in one order. Empty where the record does not say it.
struct ExportField {
  const char* name;
  std::string value;
};
std::vector<ExportField> export_fields(const StoredRecord& record);

bool append_ocsf(std::string& out, const StoredRecord& record);

}  // namespace portcullis::audit
