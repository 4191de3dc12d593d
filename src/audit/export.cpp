#include "audit/export.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

constexpr std::string_view sd_id = "portcullis@32473";
constexpr int facility = 13;  // log audit
constexpr int severity_warning = 4;
constexpr int severity_informational = 6;
constexpr std::size_t microseconds_end = 26;  // of "2026-11-22T15:44:01.123456789Z"

std::string number_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  const bool found = json.contains(at) && json[at].is_number_integer();
  return found ? std::to_string(json[at].get<std::int64_t>()) : std::string();
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void append_csv(std::string& out, const StoredRecord& record) {
  const char* separator = "";
  for (const ExportField& field : export_fields(record)) {
    out += separator;
    append_csv_cell(out, field.value);
    separator = ",";
  }
  out += "\r\n";
}

std::string syslog_message(const StoredRecord& record, const ExportOptions& options) {
  const RecordSummary& summary = record.summary;
  const int severity = summary.effect == "deny" ? severity_warning : severity_informational;
  std::string out = '<' + std::to_string(facility * 8 + severity) + ">1 ";
  // RFC 5424 allows six digits of a second; an erased record has no time.
  out += summary.time.empty() ? "-" : summary.time.substr(0, microseconds_end) + 'Z';
  out += ' ' + options.hostname + " portcullis - " + summary.type + " [" + std::string(sd_id);
  for (const ExportField& field : export_fields(record)) {
    if (field.value.empty()) continue;
    out += ' ';
    out += field.name;
    out += '=';
    append_syslog_value(out, field.value);
  }
  out += ']';
  return out;
}

void append_syslog(std::string& out, const StoredRecord& record, const ExportOptions& options) {
  const std::string message = syslog_message(record, options);
  switch (options.framing) {
    case SyslogFraming::line_feed:
      out += message + '\n';
      return;
    case SyslogFraming::octet_counting:
      out += std::to_string(message.size()) + ' ' + message;
      return;
  }
}

}  // namespace

void append_csv_cell(std::string& out, std::string_view text) {
  constexpr std::string_view formula_starts = "=+-@\t\r";
  std::string cell;
  if (!text.empty() && formula_starts.find(text.front()) != std::string_view::npos) cell = "'";
  cell += text;
  if (cell.find_first_of(",\"\r\n") == std::string::npos) {
    out += cell;
    return;
  }
  out += '"';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_syslog_value(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += is_control(c) ? '?' : c;
  }
  out += '"';
}

std::vector<ExportField> export_fields(const StoredRecord& record) {
  const RecordSummary& summary = record.summary;
  const Json& json = record.json;
  return {{"time", summary.time},
          {"seq", std::to_string(summary.seq)},
          {"type", summary.type},
          {"id", summary.id},
          {"person", summary.person},
          {"issuer", text_at(json, "/input/subject/issuer")},
          {"client", text_at(json, "/input/client/id")},
          {"source", text_at(json, "/evidence/source")},
          {"action", text_at(json, "/input/request/action")},
          {"path", text_at(json, "/input/request/path")},
          {"effect", summary.effect},
          {"reason", summary.reason},
          {"rules", summary.rules},
          {"model", summary.model},
          {"classes", summary.classes},
          {"policy", text_at(json, "/policy/name")},
          {"policy_digest", text_at(json, "/policy/digest")},
          {"decision", number_at(json, "/decision")},
          {"upstream", summary.type == "outcome" ? text_at(json, "/upstream")
                                                 : text_at(json, "/input/model/upstream")},
          {"status", number_at(json, "/status")},
          {"failure", text_at(json, "/failure")},
          {"bytes", number_at(json, "/bytes")},
          {"input_tokens", number_at(json, "/usage/input_tokens")},
          {"output_tokens", number_at(json, "/usage/output_tokens")},
          {"total_us", number_at(json, "/total_us")},
          {"leaf", text_at(json, "/leaf")}};
}

std::string export_header(const ExportOptions& options) {
  if (options.format != ExportFormat::csv) return {};
  const Json none = Json::object();
  std::string out;
  for (const ExportField& field : export_fields({{}, 0, 0, {}, none, {}})) {
    out += (out.empty() ? "" : ",") + std::string(field.name);
  }
  return out + "\r\n";
}

bool append_export(std::string& out, const StoredRecord& record, const ExportOptions& options) {
  switch (options.format) {
    case ExportFormat::csv:
      append_csv(out, record);
      return true;
    case ExportFormat::ocsf:
      return append_ocsf(out, record);
    case ExportFormat::syslog:
      append_syslog(out, record, options);
      return true;
  }
  return false;
}

}  // namespace portcullis::audit
