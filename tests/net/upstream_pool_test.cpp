// Connections to an upstream: how many, which are used again, and what is injected into each
// request.
#include "net/upstream_pool.h"

#include "net/support.h"

namespace portcullis::test {
namespace {

struct Upstream {
  explicit Upstream(std::size_t connections_max = 2) {
    section.url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
    section.connections_max = connections_max;
  }
  // Waits for it.
  UpstreamPool::Lease lease(UpstreamPool& pool) {
    std::optional<UpstreamPool::Lease> leased;
    asio::co_spawn(io, pool.lease(), [&](const std::exception_ptr&, UpstreamPool::Lease got) {
      leased.emplace(std::move(got));
    });
    io.restart();
    while (!leased && io.run_one() > 0) continue;
    if (!leased) return {};
    return std::move(*leased);
  }

  asio::io_context io{1};
  Tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  UpstreamSection section{.name = "u"};
};

unsigned short port_of(const UpstreamPool::Lease& lease) {
  return lease.transport()->socket().local_endpoint().port();
}

// The port of a connection that was leased and given back.
unsigned short used_once(Upstream& upstream, UpstreamPool& pool) {
  UpstreamPool::Lease lease = upstream.lease(pool);
  EXPECT_TRUE(lease.transport());
  lease.keep();
  return lease.transport() ? port_of(lease) : static_cast<unsigned short>(0);
}

TEST(UpstreamPool, UsesAConnectionAgainOnlyIfItMay) {
  Upstream upstream;
  UpstreamPool pool(upstream.section);
  const auto kept = used_once(upstream, pool);
  const UpstreamPool::Lease again = upstream.lease(pool);
  ASSERT_TRUE(again.transport());
  EXPECT_EQ(port_of(again), kept);
  unsigned short spent = 0;
  {
    const UpstreamPool::Lease lease = upstream.lease(pool);  // as after an error: nobody says keep
    ASSERT_TRUE(lease.transport());
    spent = port_of(lease);
  }
  const UpstreamPool::Lease other = upstream.lease(pool);
  ASSERT_TRUE(other.transport());
  EXPECT_NE(port_of(other), spent);
}

TEST(UpstreamPool, NeverUsesAConnectionOnWhichSomethingCameOrThatWasClosed) {
  for (const bool unasked : {false, true}) {
    Upstream upstream;
    UpstreamPool pool(upstream.section);
    const auto port = used_once(upstream, pool);
    Tcp::socket peer = upstream.acceptor.accept();
    if (unasked) {
      asio::write(peer, asio::buffer("HTTP/1.1 200 OK\r\n\r\n", 19));
    } else {
      peer.close();
    }
    const UpstreamPool::Lease second = upstream.lease(pool);
    ASSERT_TRUE(second.transport());
    EXPECT_NE(port_of(second), port);
  }
}

TEST(UpstreamPool, HasALimit) {
  Upstream upstream(2);
  UpstreamPool pool(upstream.section);
  const UpstreamPool::Lease first = upstream.lease(pool);
  ASSERT_TRUE(first.transport());
  {
    const UpstreamPool::Lease second = upstream.lease(pool);
    ASSERT_TRUE(second.transport());
    EXPECT_TRUE(pool.is_full());
    const UpstreamPool::Lease third = upstream.lease(pool);
    EXPECT_FALSE(third.transport());
  }
  EXPECT_FALSE(pool.is_full());
  const UpstreamPool::Lease fourth = upstream.lease(pool);
  EXPECT_TRUE(fourth.transport());
}

TEST(UpstreamPool, AFailedConnectionTakesNoPlace) {
  Upstream upstream(1);
  upstream.acceptor.close();
  UpstreamPool pool(upstream.section);
  for (int i = 0; i < 3; ++i) {
    const UpstreamPool::Lease lease = upstream.lease(pool);
    EXPECT_FALSE(lease.transport());
    EXPECT_FALSE(pool.is_full());
  }
}

TEST(UpstreamPool, InjectsWhatTheConfigurationSays) {
  UpstreamSection section{.name = "u", .url = "http://127.0.0.1:1"};
  section.credential = UpstreamHeader{.name = "Authorization", .value = "Bearer key"};
  section.headers = {{.name = "x-portkey-provider", .value = "openai"}};
  const UpstreamPool pool(section);
  EXPECT_EQ(pool.injected(), "x-portkey-provider: openai\r\nAuthorization: Bearer key\r\n");
  EXPECT_TRUE(pool.injects("authorization"));
  EXPECT_TRUE(pool.injects("x-portkey-provider"));
  EXPECT_FALSE(pool.injects("x-portkey-config"));
  EXPECT_FALSE(pool.injects(""));
}

// A secret that could end its line would let it write headers, or another request.
TEST(UpstreamPool, ABrokenSecretConnectsNowhere) {
  for (const std::string& value :
       {std::string("a\r\nX: y"), std::string("a\nb"), std::string("a\0b", 3)}) {
    Upstream upstream;
    upstream.section.credential = UpstreamHeader{.name = "Authorization", .value = value};
    UpstreamPool pool(upstream.section);
    EXPECT_EQ(pool.injected(), "");
    EXPECT_FALSE(check_upstream(upstream.section));
    EXPECT_FALSE(upstream.lease(pool).transport());
  }
  Upstream upstream;
  upstream.section.credential =
      UpstreamHeader{.name = "Authorization", .value_from = {.file = "/nonexistent/secret"}};
  UpstreamPool pool(upstream.section);
  EXPECT_FALSE(upstream.lease(pool).transport());
}

}  // namespace
}  // namespace portcullis::test
