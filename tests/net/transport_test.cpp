// Deadlines and writes of a real connection, and the watch over a caller that goes away.
#include "net/transport.h"

#include "net/client_watch.h"
#include "net/support.h"

namespace portcullis::test {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// Reads once into a buffer of its own.
Task<IoResult> read_once(Transport& transport) {
  std::string bytes(4096, '\0');
  const asio::mutable_buffer into(bytes.data(), bytes.size());
  const IoResult got = co_await transport.read_some(into);
  co_return got;
}

Task<IoResult> write_all(Transport& transport, std::string_view text) {
  const asio::const_buffer whole(text.data(), text.size());
  const std::span<const asio::const_buffer> buffers(&whole, 1);
  const IoResult sent = co_await transport.write(buffers);
  co_return sent;
}

TEST(Transport, TheDeadlinePassesAndANewOneMayBeSet) {
  Wire wire;
  wire.ours->expires_after(milliseconds(5));
  EXPECT_EQ(wire.run(read_once(*wire.ours)).status, IoStatus::timeout);
  EXPECT_EQ(wire.run(read_once(*wire.ours)).status, IoStatus::timeout) << "it stays passed";
  wire.ours->expires_after(milliseconds(60'000));
  wire.send("x");
  EXPECT_EQ(wire.run(read_once(*wire.ours)).status, IoStatus::ok);
}

TEST(Transport, AnEarlierDeadlineReplacesALaterOne) {
  Wire wire;
  wire.ours->expires_after(milliseconds(60'000));
  wire.ours->expires_after(milliseconds(5));
  EXPECT_EQ(wire.run(read_once(*wire.ours)).status, IoStatus::timeout);
}

TEST(Transport, ALaterDeadlineReplacesAnEarlierOne) {
  Wire wire;
  const auto begin = SteadyClock::now();
  wire.ours->expires_after(milliseconds(1));
  wire.ours->expires_after(milliseconds(40));
  EXPECT_EQ(wire.run(read_once(*wire.ours)).status, IoStatus::timeout);
  EXPECT_GE(SteadyClock::now() - begin, milliseconds(40));
}

TEST(Transport, NeverReplacesADeadline) {
  Wire wire;
  wire.ours->expires_after(milliseconds(1));
  wire.ours->expires_never();
  const auto read = wire.start(read_once(*wire.ours));
  wire.io.restart();
  wire.io.run_for(milliseconds(20));
  EXPECT_FALSE(read->has_value());
  wire.ours->expires_after(milliseconds(5));
  EXPECT_EQ(wire.wait(read).status, IoStatus::timeout) << "the timer that had gone off is set anew";
}

TEST(Transport, WritesMoreThanTheKernelTakesAtOnce) {
  Wire wire;
  std::string text(8u << 20, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 2654435761u >> 24);
  wire.ours->expires_after(milliseconds(60'000));
  const auto written = wire.start(write_all(*wire.ours, text));
  EXPECT_FALSE(written->has_value()) << "the kernel took it all: the test needs a larger text";
  std::string received;
  std::string part(1u << 16, '\0');
  wire.peer.non_blocking(true);
  while (received.size() < text.size()) {
    wire.io.restart();
    wire.io.poll();
    boost::system::error_code error;
    const std::size_t got = wire.peer.read_some(asio::buffer(part), error);
    ASSERT_TRUE(!error || error == asio::error::would_block) << error.message();
    received.append(part, 0, got);
  }
  const IoResult sent = wire.wait(written);
  EXPECT_EQ(sent.status, IoStatus::ok);
  EXPECT_TRUE(received == text);
}

TEST(Transport, AWriteThatNobodyReadsEndsAtItsDeadline) {
  Wire wire;
  const std::string text(16u << 20, 'x');
  wire.ours->expires_after(milliseconds(20));
  EXPECT_EQ(wire.run(write_all(*wire.ours, text)).status, IoStatus::timeout);
}

// As the other end: takes all that has arrived.
void take_all(Tcp::socket& peer) {
  std::string part(1u << 16, '\0');
  boost::system::error_code error;
  peer.non_blocking(true);
  while (!error) peer.read_some(asio::buffer(part), error);
}

TEST(Transport, ADeadlineThatPassesBetweenTwoStepsOfAWriteEndsItAllTheSame) {
  Wire wire;
  const std::string text(64u << 20, 'x');
  const auto due = SteadyClock::now() + milliseconds(5);
  wire.ours->expires_after(milliseconds(5));
  const auto written = wire.start(write_all(*wire.ours, text));
  while (SteadyClock::now() <= due) continue;
  take_all(wire.peer);  // there is room for many steps in the turn in which the timer goes off
  wire.io.restart();
  wire.io.run_for(std::chrono::seconds(20));
  ASSERT_TRUE(written->has_value()) << "it waits without a deadline";
  EXPECT_EQ((*written)->status, IoStatus::timeout);
}

TEST(Transport, AWriteToAClosedConnectionFails) {
  Wire wire;
  wire.ours->expires_after(milliseconds(60'000));
  wire.ours->reset();
  EXPECT_EQ(wire.run(write_all(*wire.ours, "x")).status, IoStatus::failed);
}

TEST(ClientWatch, ResetsTheUpstreamOfACallerThatLeft) {
  Wire client;
  Wire upstream;
  ClientWatch watch(*client.ours, *upstream.ours);
  watch.look();
  EXPECT_FALSE(watch.is_gone()) << "silent is not gone";
  client.send("GET / HTTP/1.1\r\n");
  watch.look();
  EXPECT_FALSE(watch.is_gone()) << "neither is who sends the next request early";
  EXPECT_TRUE(upstream.ours->socket().is_open());
}

TEST(ClientWatch, SeesTheEndOfTheConnection) {
  Wire client;
  Wire upstream;
  ClientWatch watch(*client.ours, *upstream.ours);
  client.finish();
  watch.look();
  EXPECT_TRUE(watch.is_gone());
  EXPECT_FALSE(upstream.ours->socket().is_open());
}

TEST(ClientWatch, SeesTheEndBehindWhatWasNotReadYet) {
  Wire client;
  Wire upstream;
  ClientWatch watch(*client.ours, *upstream.ours);
  client.send("GET / HTTP/1.1\r\n");
  client.finish();
  watch.look();
  EXPECT_TRUE(watch.is_gone());
  EXPECT_FALSE(upstream.ours->socket().is_open());
}

}  // namespace
}  // namespace portcullis::test
