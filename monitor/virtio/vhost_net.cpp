#include "pvh/virtio/vhost_net.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include "pvh/backend/vhost_calls.hpp"

#include "pvh/virtio/tap_port.hpp"
#include "pvh/virtio/vhost_queues.hpp"

namespace pvh::virtio {

namespace {

constexpr unsigned kQueues = 2;
/// What of the features is the business of who serves the rings.
constexpr std::uint64_t kVhostFeatures = kCommonFeatures | kNetMergeable;

}  // namespace

std::unique_ptr<VhostNet> VhostNet::create(UniqueFd& tap, Options options) {
  UniqueFd device(::open("/dev/vhost-net", O_RDWR | O_CLOEXEC));
  if (!device) return nullptr;
  backend::Vhost vhost(std::move(device), kQueues);
  // An old one that does not know rings of today is worth nothing to us.
  if (!vhost.valid() || (vhost.features() & kVhostFeatures) != kVhostFeatures) return nullptr;
  return std::make_unique<VhostNet>(std::move(tap), std::move(vhost), std::move(options));
}

VhostNet::VhostNet(UniqueFd tap, backend::Vhost vhost, Options options)
    : NetCard(std::move(options)), tap_(std::move(tap)), vhost_(std::move(vhost)) {}

std::uint64_t VhostNet::features() const {
  return kVhostFeatures | kCardFeatures | kTapFeatures;
}

std::vector<int> VhostNet::descriptors() const {
  std::vector<int> all = vhost_.descriptors();
  all.push_back(tap_.get());
  return all;
}

bool VhostNet::connect(int tap) const {
  bool all = true;
  for (unsigned i = 0; i < kQueues; ++i) {
    const vhost_vring_file end{.index = i, .fd = tap};
    all = ::ioctl(vhost_.descriptor(), VHOST_NET_SET_BACKEND, &end) == 0 && all;
  }
  return all;
}

void VhostNet::start(Driver& driver) {
  driver_ = &driver;
  set_tap_offloads(tap_.get(), driver.features());
  if (!hand_over_queues(vhost_, driver) || !connect(tap_.get())) return driver.broken();
  vhost_.notify();
}

void VhostNet::stop() {
  // Waits for frames under way.
  (void)connect(VHOST_FILE_UNBIND);
  driver_ = nullptr;
}

void VhostNet::pause() {
  // Waits for frames under way.
  (void)connect(VHOST_FILE_UNBIND);
}

void VhostNet::resume() {
  if (!connect(tap_.get())) driver_->broken();
}

void VhostNet::prepare(system::Waits& waits) {
  waits.on(vhost_.error_descriptor(), POLLIN);
}

void VhostNet::serve(system::Ready ready) {
  if (ready.empty() || ready[0].revents == 0) return;
  vhost_.clear_error();
  driver_->broken();
}

}  // namespace pvh::virtio
