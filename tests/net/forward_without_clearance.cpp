// Compiled by clearance_compile_test, which expects it to fail: the same without having been given
// a Clearance. A receipt, which anybody may hold, is not enough.
#include "net/forward.h"

namespace portcullis {

Task<Ending> pass(const Receipt& receipt, Worker& worker, const ClientSide& client,
                  const Outbound& outbound) {
  Clearance clearance(receipt);
  const Ending ending = co_await forward(std::move(clearance), worker, client, outbound);
  co_return ending;
}

}  // namespace portcullis
