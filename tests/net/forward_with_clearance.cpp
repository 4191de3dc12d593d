// Compiled by clearance_compile_test, never built: forwards with what it was given.
#include "net/forward.h"

namespace portcullis {

Task<Ending> pass(Clearance clearance, Worker& worker, const ClientSide& client,
                  const Outbound& outbound) {
  const Ending ending = co_await forward(std::move(clearance), worker, client, outbound);
  co_return ending;
}

}  // namespace portcullis
