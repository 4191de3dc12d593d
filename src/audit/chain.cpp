#include "audit/chain.h"

#include <algorithm>
#include <utility>

namespace portcullis::audit {
namespace {

constexpr std::string_view mac_label = "portcullis audit record v1\n";

void put_big_endian(std::uint8_t* out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
}

Hmac epoch_mac(const EpochKey& key) {
  Digest derived = hkdf_sha256(key.key, "portcullis mac v1");
  Hmac mac(derived);
  wipe(derived);
  return mac;
}

}  // namespace

EpochKey next_epoch(const EpochKey& key) {
  return {key.epoch + 1, hkdf_sha256(key.key, "portcullis evolve v1")};
}

RecordMac::RecordMac(const StreamId& stream, const EpochKey& key) : hmac_(epoch_mac(key)) {
  static_assert(mac_label.size() + sizeof(StreamId) + 8 + 8 + sizeof(Digest) ==
                std::tuple_size_v<decltype(input_)>);
  auto at = std::copy(mac_label.begin(), mac_label.end(), input_.begin());
  at = std::copy(stream.begin(), stream.end(), at);
  put_big_endian(&*at, key.epoch);
}

Digest RecordMac::operator()(std::uint64_t seq, const Digest& hash) {
  put_big_endian(&input_[51], seq);
  std::copy(hash.begin(), hash.end(), input_.begin() + 59);
  return hmac_(ByteView(input_));
}

Digest leaf_hash(const Digest& hash, const Digest& mac) {
  std::array<std::uint8_t, 65> input;
  input[0] = 0x00;
  std::copy(hash.begin(), hash.end(), input.begin() + 1);
  std::copy(mac.begin(), mac.end(), input.begin() + 33);
  return sha256(ByteView(input));
}

Chain::Chain(const StreamId& stream, ChainEnd end, const EpochKey& key)
    : stream_(stream), end_(std::move(end)), epoch_(key.epoch), mac_(stream, key) {}

void Chain::set_epoch(const EpochKey& key) {
  epoch_ = key.epoch;
  mac_ = RecordMac(stream_, key);
}

Receipt Chain::append(std::string& out, const NewRecord& record) {
  const std::size_t begin = out.size();
  const RecordHead head = {stream_, next_seq(),  end_.prev,   record.batch,
                           epoch_,  record.time, record.salt, record.type};
  append_record(out, head, record.members);
  Receipt receipt{stream_, epoch_, head.seq, {}, {}};
  receipt.hash = sha256(std::string_view(out).substr(begin));
  receipt.mac = mac_(head.seq, receipt.hash);
  end_.prev = leaf_hash(receipt.hash, receipt.mac);
  append_suffix(out, end_.prev, receipt.mac);
  end_.tree.append(end_.prev);
  return receipt;
}

}  // namespace portcullis::audit
