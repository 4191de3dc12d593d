// The few names of Boost.Asio that all of net/ uses.
//
// House rule, checked by a test: one co_await per statement, as a whole initialiser or a bare
// statement, with every argument a named object.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace portcullis {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
template <class T>
using Task = asio::awaitable<T>;

}  // namespace portcullis
