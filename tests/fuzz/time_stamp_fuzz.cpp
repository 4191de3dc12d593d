// Any bytes as a time-stamp reply: nothing crashes, and nothing is accepted under a root that
// stamped nothing.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "audit/time_stamp.h"

namespace {

// A self-signed certificate whose key was thrown away.
constexpr const char* root = R"(-----BEGIN CERTIFICATE-----
MIIBjDCCATOgAwIBAgIUaGIsZSfms2OzODZb2znX2cB6LUcwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQUm9vdCBvZiBhIGZ1enplcjAgFw0yNjExMjIxOTU2MjJaGA8y
MTI2MTAyOTE5NTYyMlowGzEZMBcGA1UEAwwQUm9vdCBvZiBhIGZ1enplcjBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABIGC1+Pivn3GOlsi0tUvrvsMsfBMGH9PXhhs
rdk3YA7GlNhrzTbYSQQwT3Jp+r77piZykbnKEKVMiaR9ktUm2DijUzBRMB0GA1Ud
DgQWBBTG6COl7d1Ov0U7dQjMr/grJ6j6UzAfBgNVHSMEGDAWgBTG6COl7d1Ov0U7
dQjMr/grJ6j6UzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIBq7
XPS2p7U6IwjI88BOc3rwHBx6mFe8et7oOOWBM/XJAiBq6UN5HKu4qceY5MLwNqsX
wkQPpHeyIU/9upkLTiBhJw==
-----END CERTIFICATE-----
)";

portcullis::audit::TimeStampAuthorities authorities() {
  std::string path = "/tmp/portcullis-fuzz-root-XXXXXX";
  const int descriptor = mkstemp(path.data());
  if (descriptor < 0) std::abort();
  std::ofstream(path) << root;
  auto loaded = portcullis::audit::TimeStampAuthorities::load({path});
  std::filesystem::remove(path);
  if (!loaded) std::abort();
  return std::move(*loaded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const portcullis::audit::TimeStampAuthorities trusted = authorities();
  const auto stamp = portcullis::audit::verify_time_stamp({data, size}, "acme/0\n1\nx\n", trusted);
  if (stamp) std::abort();
  return 0;
}
