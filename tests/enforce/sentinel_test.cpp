// Nothing that a caller wrote gets into a record in plain text: random words, put into every place
// of a request that can hold one, must not be in its draft, whatever the ruling is.
#include <functional>
#include <random>

#include "enforce/record.h"
#include "enforce/support.h"

namespace portcullis::test {
namespace {

constexpr int rounds = 20;

struct Request {
  Site site;
  RequestHead head = chat_head();
  json body = chat_body("hello");
};

// Two words of random letters; the first is what may never be seen.
struct Sentinel {
  std::string word;
  std::string text;
  std::string encoded;  // in a path or query
};

Sentinel random_sentinel(std::mt19937& random) {
  Sentinel out;
  out.word = "zq";
  for (int i = 0; i < 14; ++i) out.word += static_cast<char>('a' + random() % 26);
  out.text = out.word + " x";
  out.encoded = out.word + "%20x";
  return out;
}

json function_tool(const json& function) {
  return {{{"type", "function"}, {"function", function}}};
}

struct Place {
  const char* name;
  std::function<void(Request&, const Sentinel&)> put;
};

const Place places_in_the_body[] = {
    {"content", [](Request& r, const Sentinel& s) { r.body["messages"][0]["content"] = s.text; }},
    {"content with data",
     [](Request& r, const Sentinel& s) {
       r.body["messages"][0]["content"] = s.text + " ssn 536-90-4399";
     }},
    {"content with a secret",
     [](Request& r, const Sentinel& s) {
       r.body["messages"][0]["content"] = s.text + " AKIAQYLPMN5HFIQR7XYA";
     }},
    {"role", [](Request& r, const Sentinel& s) { r.body["messages"][0]["role"] = s.text; }},
    {"part type",
     [](Request& r, const Sentinel& s) {
       r.body["messages"][0]["content"] = {{{"type", s.text}, {"text", "x"}}};
     }},
    {"member", [](Request& r, const Sentinel& s) { r.body[s.text] = 1; }},
    {"plain member", [](Request& r, const Sentinel& s) { r.body[s.word] = 1; }},
    {"member that is scanned",
     [](Request& r, const Sentinel& s) {
       r.site.config.routes.front().scan_unknown_members = true;
       r.body[s.word] = {{s.text, s.text + " ssn 536-90-4399"}};
     }},
    {"model", [](Request& r, const Sentinel& s) { r.body["model"] = s.text; }},
    {"model with data",
     [](Request& r, const Sentinel& s) { r.body["model"] = s.word + "@example.com"; }},
    {"model that is long",
     [](Request& r, const Sentinel& s) { r.body["model"] = s.word + std::string(200, 'a'); }},
    {"user", [](Request& r, const Sentinel& s) { r.body["user"] = s.text; }},
    {"stop", [](Request& r, const Sentinel& s) { r.body["stop"] = {s.text}; }},
    {"tool's name",
     [](Request& r, const Sentinel& s) {
       r.body["tools"] = function_tool({{"name", s.text}});
     }},
    {"tool's type",
     [](Request& r, const Sentinel& s) {
       r.body["tools"] = {{{"type", s.text}}};
     }},
    {"plain tool's type",
     [](Request& r, const Sentinel& s) {
       r.body["tools"] = {{{"type", s.word}}};
     }},
    {"tool's schema",
     [](Request& r, const Sentinel& s) {
       r.body["tools"] = function_tool(
           {{"name", "f"}, {"parameters", {{s.word, {{s.text, "ssn 536-90-4399"}}}}}});
     }},
    {"image's path",
     [](Request& r, const Sentinel& s) {
       r.body["messages"][0]["content"] = {
           {{"type", "image_url"}, {"image_url", {{"url", "https://example.com/" + s.word}}}}};
     }},
    {"image's host",
     [](Request& r, const Sentinel& s) {
       r.body["messages"][0]["content"] = {
           {{"type", "image_url"},
            {"image_url", {{"url", "https://ssn-536-90-4399." + s.word + ".example"}}}}};
     }},
    {"image's long host",
     [](Request& r, const Sentinel& s) {
       const std::string host = s.word + std::string(200, 'a') + ".example";
       r.body["messages"][0]["content"] = {
           {{"type", "image_url"}, {"image_url", {{"url", "https://" + host}}}}};
     }},
};

const Place places_in_the_head[] = {
    {"path", [](Request& r, const Sentinel& s) { r.head.path = "/v1/" + s.encoded; }},
    {"path without a route", [](Request& r, const Sentinel& s) { r.head.path = "/" + s.encoded; }},
    {"path with data",
     [](Request& r, const Sentinel& s) { r.head.path = "/v1/" + s.word + "@example.com"; }},
    {"model in the path",
     [](Request& r, const Sentinel& s) {
       r.head.method = "GET";
       r.head.content_length = 0;
       r.head.path = "/v1/models/" + s.word + "@example.com";
     }},
    {"query", [](Request& r, const Sentinel& s) { r.head.query = s.word + "=" + s.encoded; }},
    {"header's name",
     [](Request& r, const Sentinel& s) {
       r.head.headers.push_back({s.word, "x"});
     }},
    {"header",
     [](Request& r, const Sentinel& s) {
       r.head.headers.push_back({"x-a", s.text});
     }},
    {"forwarded header",
     [](Request& r, const Sentinel& s) {
       r.head.headers.push_back({"user-agent", s.text + " ssn 536-90-4399"});
     }},
    {"media type",
     [](Request& r, const Sentinel& s) { r.head.headers[1].value = "text/" + s.word; }},
    {"content coding",
     [](Request& r, const Sentinel& s) {
       r.head.headers.push_back({"content-encoding", s.word});
     }},
    {"scheme of the credential",
     [](Request& r, const Sentinel& s) {
       r.head.headers.push_back({"authorization", s.word + " abc"});
     }},
    {"credential",
     [](Request& r, const Sentinel& s) {
       r.head.headers.push_back({"authorization", "Bearer " + s.word});
     }},
    {"claims of the credential",
     [](Request& r, const Sentinel& s) {
       const std::string token =
           keycloak_token({{"jti", s.text}, {"azp", s.text}, {"aud", {"portcullis", s.text}}});
       r.head.headers.push_back({"authorization", "Bearer " + token});
     }},
};

// The whole middle in the order of an exchange, with the record that it ends in.
std::string recorded(const Request& request) {
  Inquiry inquiry = inquiry_of(request.site, request.head);
  if (inquiry.head.find("authorization") == nullptr) {
    inquiry.head.headers.push_back({"authorization", "Bearer " + keycloak_token()});
  }
  Scanner scanner(inquiry.snapshot->classifier);
  TokenCache cache(1);
  OrDenial<void> passed = find_route(inquiry);
  if (passed) {
    const OrDenial<PresentedToken> token = find_token(inquiry);
    passed = token ? portcullis::identify(inquiry, *token, cache)
                   : OrDenial<void>(tl::unexpected<Denial>(token.error()));
  }
  if (passed) passed = admit(inquiry);
  const std::string body = inquiry.head.has_body() ? request.body.dump() : "";
  const Ruling ruling = passed ? judge(inquiry, body, scanner, evidence_key())
                               : refuse(inquiry, passed.error(), scanner, evidence_key());
  return draft_decision(inquiry, ruling).members();
}

void expect_no_sentinel(const Place& place, std::mt19937& random) {
  for (int i = 0; i < rounds; ++i) {
    const Sentinel sentinel = random_sentinel(random);
    Request request;
    place.put(request, sentinel);
    const std::string record = recorded(request);
    EXPECT_EQ(record.find(sentinel.word), std::string::npos) << place.name << ": " << record;
    EXPECT_EQ(record.find("536-90-4399"), std::string::npos) << place.name << ": " << record;
    EXPECT_EQ(record.find("AKIAQY"), std::string::npos) << place.name << ": " << record;
  }
}

TEST(Sentinel, NothingOfTheBodyIsRecorded) {
  std::mt19937 random(1);
  for (const Place& place : places_in_the_body) expect_no_sentinel(place, random);
}

TEST(Sentinel, NothingOfTheHeadIsRecorded) {
  std::mt19937 random(2);
  for (const Place& place : places_in_the_head) expect_no_sentinel(place, random);
}

}  // namespace
}  // namespace portcullis::test
