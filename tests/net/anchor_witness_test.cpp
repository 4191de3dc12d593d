#include "net/anchor_witness.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "net/http_reader.h"
#include "net/support.h"

namespace portcullis {
namespace {

// A witness that answers what the test says, on the loopback interface.
class Scripted {
 public:
  explicit Scripted(std::vector<std::string> answers)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}), answers_(std::move(answers)) {
    asio::co_spawn(io_, serve(), asio::detached);
  }

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/w/";
  }
  const std::vector<std::string>& bodies() const { return bodies_; }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(io_, keep(std::move(task), result), asio::detached);
    while (!result && io_.run_one() > 0) {
    }
    return std::move(*result);
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& result) {
    T value = co_await std::move(task);
    result.emplace(std::move(value));
  }

  Task<void> serve() {
    for (const std::string& answer : answers_) {
      Tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
      const std::unique_ptr<Transport> transport = make_plain_transport(std::move(socket));
      transport->expires_after(std::chrono::seconds(10));
      const LimitsSection limits;
      RequestReader reader(*transport, limits);
      RequestHead head;
      const OrDenial<RequestReader::Next> next = co_await reader.read_head(head);
      if (!next) co_return;
      EXPECT_EQ(head.method, "POST");
      EXPECT_EQ(head.path, "/w/add-checkpoint");
      MemoryBudget budget({1 << 30, 1 << 30});
      MemoryLease lease(budget);
      OrDenial<std::string> body = co_await reader.read_body(lease);
      if (!body) co_return;
      bodies_.push_back(*body);
      const asio::const_buffer whole = asio::buffer(answer);
      const std::span<const asio::const_buffer> buffers(&whole, 1);
      co_await transport->write(buffers);
      transport->close();
    }
  }

  asio::io_context io_{1};
  Tcp::acceptor acceptor_;
  std::vector<std::string> answers_;
  std::vector<std::string> bodies_;
};

std::string reply(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

struct Parties {
  SigningKey log_key = SigningKey::generate();
  SigningKey witness_key = SigningKey::generate();
  audit::WitnessKey witness{"w.example", witness_key.public_key()};
  SignedCheckpoint checkpoint{42, audit::sign_checkpoint({"acme/0", 42, {}}, log_key)};

  std::string cosignature() const {
    const std::string text = checkpoint.note.substr(0, checkpoint.note.find("\n\n") + 1);
    const Signature signature = witness_key.sign("cosignature/v1\ntime 5\n" + text);
    Bytes bytes{0, 0, 0, 0, 0, 0, 0, 5};
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    return audit::note_signature_line(
        {witness.name, audit::NoteAlgorithm::cosignature_v1, witness.key}, bytes);
  }

  // A proof of one digest that names the old size.
  static Result<audit::MerkleProof> prove(std::uint64_t old_size, std::uint64_t) {
    if (old_size == 0) return audit::MerkleProof();
    Digest digest{};
    digest[0] = static_cast<std::uint8_t>(old_size);
    return audit::MerkleProof{digest};
  }

  WitnessClient client(const Scripted& server) const {
    WitnessSection section;
    section.url = server.url();
    section.timeout = std::chrono::seconds(10);
    return WitnessClient(section, witness, prove);
  }
};

TEST(WitnessClient, LearnsTheSizeAndProvesGrowthFromIt) {
  const Parties parties;
  Scripted server({reply("409 Conflict", "7\n"), reply("200 OK", parties.cosignature())});
  WitnessClient client = parties.client(server);
  const auto draft = server.run(client.cosign(parties.checkpoint));
  ASSERT_TRUE(draft.has_value()) << draft.error().message;
  EXPECT_EQ(draft->type(), RecordType::anchor);
  EXPECT_TRUE(draft->members().starts_with(R"("kind":"witness","note":"acme/0\n42\n)"));
  ASSERT_EQ(server.bodies().size(), 2u);
  EXPECT_EQ(server.bodies()[0], "old 0\n\n" + parties.checkpoint.note);
  EXPECT_EQ(server.bodies()[1],
            "old 7\nBwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n" + parties.checkpoint.note);
}

TEST(WitnessClient, RemembersTheSizeThatWasCosigned) {
  const Parties parties;
  Scripted first({reply("200 OK", parties.cosignature()), reply("409 Conflict", "42\n")});
  WitnessClient client = parties.client(first);
  ASSERT_TRUE(first.run(client.cosign(parties.checkpoint)).has_value());
  // The same size again, and yet a conflict: another root.
  const auto draft = first.run(client.cosign(parties.checkpoint));
  ASSERT_FALSE(draft.has_value());
  EXPECT_EQ(draft.error().cause, Cause::stale);
}

TEST(WitnessClient, TellsARollbackFromOtherRefusals) {
  const Parties parties;
  struct Case {
    std::vector<std::string> answers;
    Cause cause;
  };
  const std::string redirect =
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
  const Case cases[] = {
      {{reply("409 Conflict", "43\n")}, Cause::stale},
      {{reply("409 Conflict", "0\n")}, Cause::stale},  // we said so ourselves
      {{reply("409 Conflict", "7\n"), reply("422 Unprocessable Entity", "")}, Cause::stale},
      {{reply("409 Conflict", "7\n"), reply("409 Conflict", "8\n"), reply("409 Conflict", "9\n")},
       Cause::io},
      {{reply("409 Conflict", "all\n")}, Cause::invalid},
      {{reply("404 Not Found", "")}, Cause::not_found},
      {{reply("403 Forbidden", "")}, Cause::io},
      {{redirect}, Cause::io},
      {{reply("200 OK", "")}, Cause::untrusted},
      {{reply("200 OK", "garbage")}, Cause::invalid},
      {{reply("200 OK", std::string(1 << 20, 'x'))}, Cause::limit},
      {{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"}, Cause::io},
  };
  for (const Case& c : cases) {
    Scripted server(c.answers);
    WitnessClient client = parties.client(server);
    const auto draft = server.run(client.cosign(parties.checkpoint));
    ASSERT_FALSE(draft.has_value()) << c.answers.front();
    EXPECT_EQ(draft.error().cause, c.cause) << c.answers.front() << draft.error().message;
  }
}

TEST(WitnessClient, ReadsSizesStrictly) {
  EXPECT_EQ(parse_known_size("0\n"), 0u);
  EXPECT_EQ(parse_known_size("20852163\n"), 20852163u);
  for (const char* bad : {"", "\n", "1", "01\n", "-1\n", "+1\n", " 1\n", "1\n\n", "1x\n", "0x1\n",
                          "99999999999999999\n"}) {
    EXPECT_FALSE(parse_known_size(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace portcullis
