// The keeper against an issuer on the loopback interface, both in this thread. A test waits for
// changes, not for a clock; the keys' maximum age is as short as it can be said: a second.
#include "net/key_keeper.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include "identity/jws_sign.h"

namespace portcullis {
namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

const std::string& key_set() {
  static const std::string text =
      R"({"keys":[)" + JwsSigningKey::generate(JwsAlgorithm::es256, "e1").public_jwk() + "]}";
  return text;
}

// Answers with keys, wherever one asks for them, and with its discovery document.
class FakeIssuer {
 public:
  explicit FakeIssuer(asio::io_context& io) : acceptor_(io, {asio::ip::address_v4::loopback(), 0}) {
    asio::co_spawn(io, serve(), asio::detached);
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  void discover(std::string jwks_uri) { jwks_uri_ = std::move(jwks_uri); }
  const std::vector<std::string>& asked() const { return asked_; }  // request lines
  // From now on it listens, and says nothing.
  void hang() { hanging_ = true; }
  void recover() {
    hanging_ = false;
    kept_.clear();
  }

 private:
  Task<void> serve() {
    while (true) {
      auto [error, accepted] = co_await acceptor_.async_accept(as_values);
      if (error) co_return;
      Tcp::socket socket = std::move(accepted);
      const std::string asked = co_await read_request_line(socket);
      asked_.push_back(asked);
      const std::string body =
          asked.find("/.well-known/") == asked.npos ? key_set() : discovery_document();
      const std::string answer =
          "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      const asio::const_buffer bytes = asio::buffer(answer);
      if (hanging_) {
        kept_.push_back(std::move(socket));
        continue;
      }
      co_await asio::async_write(socket, bytes, as_values);
    }
  }
  std::string discovery_document() const {
    return nlohmann::json{{"issuer", url()}, {"jwks_uri", jwks_uri_}}.dump();
  }
  static Task<std::string> read_request_line(Tcp::socket& socket) {
    std::string head;
    std::array<char, 1024> some{};
    const asio::mutable_buffer into = asio::buffer(some);
    while (!head.ends_with("\r\n\r\n")) {
      auto [error, bytes] = co_await socket.async_read_some(into, as_values);
      if (error) break;
      head.append(some.data(), bytes);
    }
    co_return head.substr(0, head.find("\r\n"));
  }

  Tcp::acceptor acceptor_;
  std::string jwks_uri_;
  std::vector<std::string> asked_;
  bool hanging_ = false;
  std::vector<Tcp::socket> kept_;
};

struct KeyKeeperTest : testing::Test {
  KeyKeeperTest() {
    config->identity.jwks_age_max = std::chrono::seconds(1);
    config->identity.fetch_timeout = std::chrono::hours(1);
    config->identity.issuers.push_back({.jwks_uri = issuer.url()});
  }
  void start() {
    keeper.emplace(io, config, [this](const KeyKeeper::Change& change) {
      usable.push_back(change.keys.usable);
      generations.push_back(change.keys.generation);
      if (change.keys.usable) issuer_was_asked();
      return change.keys.usable;  // a loss of trust that could not be recorded
    });
    keeper->start();
  }
  void await_changes(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (usable.size() < count && io.run_one_until(end) > 0) continue;
    ASSERT_EQ(usable.size(), count);
  }

  asio::io_context io{1};
  FakeIssuer issuer{io};
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::function<void()> issuer_was_asked = [] {};
  std::optional<KeyKeeper> keeper;
  std::vector<bool> usable;
  std::vector<std::uint64_t> generations;
};

TEST_F(KeyKeeperTest, OldKeysAreNotKeptUntilTheNextRefresh) {
  config->identity.jwks_refresh = std::chrono::hours(1);
  const auto began = std::chrono::steady_clock::now();
  start();
  await_changes(2);
  EXPECT_GE(std::chrono::steady_clock::now() - began, config->identity.jwks_age_max);
  await_changes(3);  // and new ones are asked for at once
  EXPECT_EQ(usable, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(generations, (std::vector<std::uint64_t>{1, 1, 2}));
}

TEST_F(KeyKeeperTest, OldKeysAreNotKeptWhileAFetchHangs) {
  config->identity.jwks_refresh = std::chrono::seconds(0);
  issuer_was_asked = [this] { issuer.hang(); };
  start();
  await_changes(2);
  issuer_was_asked = [] {};
  issuer.recover();
  await_changes(3);
  EXPECT_EQ(usable, (std::vector<bool>{true, false, true}));
}

struct FetchKeySetTest : testing::Test {
  Result<FetchedKeys> fetch(const std::string& jwks_uri) {
    issuer.discover(jwks_uri);
    Result<FetchedKeys> out = failure(Cause::internal, "not fetched");
    asio::co_spawn(io, fetch_key_set(section, limits), [&](std::exception_ptr, auto fetched) {
      out = std::move(fetched);
      io.stop();
    });
    io.restart();
    io.run();
    return out;
  }
  asio::io_context io{1};
  FakeIssuer issuer{io};
  IssuerSection section{.rules = {.issuer = issuer.url()}};
  const IdentitySection limits;
};

TEST_F(FetchKeySetTest, AsksForTheKeysWhereDiscoverySays) {
  // Providers have queries, at signs and escapes in theirs.
  for (const std::string target :
       {"/keys", "/keys?p=b2c_1_in&x=/", "/jwk/a@b.example", "/a%20b/", "/keys/?p", "/?p=1"}) {
    EXPECT_TRUE(fetch(issuer.url() + target)) << target;
    EXPECT_EQ(issuer.asked().back(), "GET " + target + " HTTP/1.1");
  }
  EXPECT_TRUE(fetch(issuer.url() + "?p=1"));
  EXPECT_EQ(issuer.asked().back(), "GET /?p=1 HTTP/1.1");
}

TEST_F(FetchKeySetTest, RefusesWhatIsNoHttpsUrl) {
  const std::string here = issuer.url();
  const std::string refused[] = {
      "",
      "https://",
      "https:///keys",
      "HTTP:" + here.substr(5) + "/keys",
      "ftp://127.0.0.1/keys",
      "http://192.0.2.1/keys",
      "http://127.keys.example.com/keys",
      "http://127.0.0.1.example.com/keys",
      "http://127.1/keys",
      "http://127.0.0.1@192.0.2.1/keys",
      "https://user@192.0.2.1/keys",
      "https://192.0.2.1:99999/keys",
      "https://192.0.2.1:0x50/keys",
      "https://192.0.2.1:/keys",
      "https://[::1/keys",
      here + "/keys#part",
      here + "/keys HTTP/1.1\r\nX: y",
      here + "/keys?\r\nX: y",
      here + "/keys\t",
      here + std::string("/keys\0", 6),
      here + "/cl\u00e9s",
  };
  for (const std::string& uri : refused) {
    const auto fetched = fetch(uri);
    ASSERT_FALSE(fetched) << uri;
    EXPECT_EQ(fetched.error().cause, Cause::untrusted) << uri << ": " << fetched.error().message;
    EXPECT_NE(issuer.asked().back().find("/.well-known/"), std::string::npos) << uri;
  }
}

}  // namespace
}  // namespace portcullis
