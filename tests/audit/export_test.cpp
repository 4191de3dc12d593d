#include "audit/export.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "audit/support.h"

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

const char* const decision_json =
    R"({"v":1,"stream":"00112233445566778899aabbccddeeff","seq":7,"time":"2026-11-22T15:44:01.123456789Z",)"
    R"("type":"decision","id":"01999999-0000-7000-8000-000000000002","input":{"subject":{"id":)"
    R"("=cmd|' /C calc'!A0","issuer":"https://id.example","groups":["staff","a\"b"]},)"
    R"("client":{"id":"app, \"one\""},"request":{"action":"chat","surface":"openai",)"
    R"("path":"/v1/chat/completions"},"model":{"name":"gpt-4o","upstream":"model"},)"
    R"("data":[{"type":"us_ssn","classes":["pii"]}]},"policy":{"name":"acme","digest":"aa"},)"
    R"("decision":{"effect":"deny","reason":"forbidden","rules":["no-ids"],"obligations":[],)"
    R"("shadow":[]},"evidence":{"source":"192.0.2.7"},"leaf":"ff"})";
const char* const outcome_json =
    R"({"v":1,"stream":"00112233445566778899aabbccddeeff","seq":9,"time":"2026-11-22T15:44:02.000000000Z",)"
    R"("type":"outcome","id":"01999999-0000-7000-8000-000000000002","decision":7,"upstream":"model",)"
    R"("status":502,"failure":"upstream_timeout","bytes":12,"usage":{"input_tokens":3},"leaf":"ee"})";

std::string exported(const char* text, RecordType type, const ExportOptions& options) {
  const Json json = Json::parse(text);
  RecordHead head;
  const std::string time = json["time"];
  head.time = time;
  head.seq = json["seq"];
  head.type = type;
  std::string out;
  append_export(out, {"file", 1, 0, text, json, summarise(head, json)}, options);
  return out;
}

TEST(Export, CsvGolden) {
  const ExportOptions csv{ExportFormat::csv};
  EXPECT_EQ(export_header(csv),
            "time,seq,type,id,person,issuer,client,source,action,path,effect,reason,rules,model,"
            "classes,policy,policy_digest,decision,upstream,status,failure,bytes,input_tokens,"
            "output_tokens,total_us,leaf\r\n");
  EXPECT_EQ(exported(decision_json, RecordType::decision, csv),
            "2026-11-22T15:44:01.123456789Z,7,decision,01999999-0000-7000-8000-000000000002,"
            "'=cmd|' /C calc'!A0,https://id.example,\"app, \"\"one\"\"\",192.0.2.7,chat,"
            "/v1/chat/completions,deny,forbidden,no-ids,gpt-4o,pii,acme,aa,,model,,,,,,,ff\r\n");
}

TEST(Export, SyslogGolden) {
  ExportOptions syslog{ExportFormat::syslog};
  syslog.hostname = "gate.example";
  const std::string line = exported(decision_json, RecordType::decision, syslog);
  EXPECT_EQ(line,
            "<108>1 2026-11-22T15:44:01.123456Z gate.example portcullis - decision "
            "[portcullis@32473 time=\"2026-11-22T15:44:01.123456789Z\" seq=\"7\" type=\"decision\" "
            "id=\"01999999-0000-7000-8000-000000000002\" person=\"=cmd|' /C calc'!A0\" "
            "issuer=\"https://id.example\" client=\"app, \\\"one\\\"\" source=\"192.0.2.7\" "
            "action=\"chat\" path=\"/v1/chat/completions\" effect=\"deny\" reason=\"forbidden\" "
            "rules=\"no-ids\" model=\"gpt-4o\" classes=\"pii\" policy=\"acme\" "
            "policy_digest=\"aa\" upstream=\"model\" leaf=\"ff\"]\n");
  syslog.framing = SyslogFraming::octet_counting;
  EXPECT_EQ(exported(decision_json, RecordType::decision, syslog),
            std::to_string(line.size() - 1) + ' ' + line.substr(0, line.size() - 1));
  syslog.framing = SyslogFraming::line_feed;
  EXPECT_TRUE(exported(outcome_json, RecordType::outcome, syslog).starts_with("<110>1 "));
}

TEST(Export, OcsfHasWhatItsClassRequires) {
  const ExportOptions ocsf{ExportFormat::ocsf};
  for (const auto& [text, type] : {std::pair{decision_json, RecordType::decision},
                                   std::pair{outcome_json, RecordType::outcome}}) {
    const Json event = Json::parse(exported(text, type, ocsf));
    for (const char* member : {"activity_id", "actor", "api", "category_uid", "class_uid",
                               "metadata", "severity_id", "src_endpoint", "time", "type_uid"}) {
      EXPECT_TRUE(event.contains(member)) << member;
    }
    EXPECT_EQ(event["type_uid"],
              event["class_uid"].get<int>() * 100 + event["activity_id"].get<int>());
    EXPECT_EQ(event["metadata"]["version"], "1.3.0");
    EXPECT_TRUE(event["metadata"]["product"].contains("name"));
    EXPECT_TRUE(event["api"].contains("operation"));
    EXPECT_FALSE(event["src_endpoint"].empty());
  }
  const Json decision = Json::parse(exported(decision_json, RecordType::decision, ocsf));
  EXPECT_EQ(decision["time"], 1795362241123);
  EXPECT_EQ(decision["status_id"], 2);
  EXPECT_EQ(decision["severity_id"], 3);
  EXPECT_EQ(decision["actor"]["user"]["uid"], "=cmd|' /C calc'!A0");
  EXPECT_EQ(decision["src_endpoint"]["ip"], "192.0.2.7");
  EXPECT_EQ(decision["unmapped"]["decision"]["rules"][0], "no-ids");
  const Json outcome = Json::parse(exported(outcome_json, RecordType::outcome, ocsf));
  EXPECT_EQ(outcome["api"]["response"]["code"], 502);
  EXPECT_EQ(outcome["metadata"]["correlation_uid"], decision["metadata"]["correlation_uid"]);
}

TEST(Export, OcsfLeavesOutWhatIsNoApiActivity) {
  EXPECT_EQ(exported(outcome_json, RecordType::change, {ExportFormat::ocsf}), "");
}

// The field that `cell` reads as, by RFC 4180.
std::string read_cell(const std::string& cell) {
  if (cell.empty() || cell.front() != '"') return cell;
  std::string out;
  for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
    if (cell[i] == '"') ++i;
    out += cell[i];
  }
  return out;
}

std::string read_value(const std::string& value) {
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\') ++i;
    out += value[i];
  }
  return out;
}

TEST(Export, AnyTextSurvivesItsEscapes) {
  std::mt19937 random(6003);
  const std::string letters = "a=+-@\t\r\n,\"\\]'[ ;\x7f";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t n = random() % 8; n > 0; --n) text += letters[random() % letters.size()];
    std::string cell;
    append_csv_cell(cell, text);
    const bool formula =
        !text.empty() && std::string("=+-@\t\r").find(text.front()) != std::string::npos;
    ASSERT_EQ(read_cell(cell), (formula ? "'" : "") + text);
    if (cell.find_first_of(",\r\n\"") != std::string::npos) {
      ASSERT_TRUE(cell.front() == '"' && cell.back() == '"') << cell;
    }
    std::string value;
    append_syslog_value(value, text);
    std::string shown = text;
    for (char& c : shown) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    ASSERT_EQ(read_value(value), shown);
    for (std::size_t i = 1; i + 1 < value.size(); ++i) {
      if (value[i] == '\\') {
        ++i;
      } else {
        ASSERT_TRUE(value[i] != '"' && value[i] != ']') << value;
      }
    }
  }
}

}  // namespace
}  // namespace portcullis::audit
