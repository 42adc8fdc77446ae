#include "pvh/virtio/transport.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pvh::virtio {

namespace {

enum : std::uint64_t {
  kMagic = 0x000,
  kVersion = 0x004,
  kDeviceId = 0x008,
  kVendorId = 0x00c,
  kDeviceFeatures = 0x010,
  kDeviceFeaturesHalf = 0x014,
  kDriverFeatures = 0x020,
  kDriverFeaturesHalf = 0x024,
  kQueueSelect = 0x030,
  kQueueSizeMax = 0x034,
  kQueueSize = 0x038,
  kQueueReady = 0x044,
  kInterruptStatus = 0x060,
  kInterruptAcknowledge = 0x064,
  kStatus = 0x070,
  kDescriptorsLow = 0x080,
  kDescriptorsHigh = 0x084,
  kAvailableLow = 0x090,
  kAvailableHigh = 0x094,
  kUsedLow = 0x0a0,
  kUsedHigh = 0x0a4,
  kSharedMemoryFirst = 0x0b0,  // length and base of a region that there is none of
  kSharedMemoryLast = 0x0bc,
  kGeneration = 0x0fc,
  kConfig = 0x100,
};

constexpr std::uint32_t kMagicValue = 0x74726976;  // "virt"
constexpr std::uint32_t kVersionValue = 2;
constexpr std::uint32_t kVendorValue = 0x00687670;  // "pvh"
constexpr std::uint32_t kNoSuchRegion = 0xffffffff;

// The device's status.
constexpr std::uint32_t kDriverOk = 4;
constexpr std::uint32_t kFeaturesOk = 8;
constexpr std::uint32_t kNeedsReset = 64;
constexpr std::uint32_t kDriversBits = 1U | 2U | kDriverOk | kFeaturesOk | 128U;

// The interrupt's status.
constexpr std::uint32_t kUsedBuffers = 1;
constexpr std::uint32_t kConfigChanged = 2;

void set_half(std::uint64_t& value, bool high, std::uint32_t half) {
  const unsigned shift = high ? 32 : 0;
  value = (value & ~(std::uint64_t{0xffffffff} << shift)) | std::uint64_t{half} << shift;
}

std::uint32_t half_of(std::uint64_t value, std::uint32_t which) {
  if (which > 1) return 0;
  return static_cast<std::uint32_t>(which == 1 ? value >> 32U : value);
}

}  // namespace

Transport::Transport(Device& device, const GuestMemory& memory)
    : device_(device), memory_(memory), queues_(device.queue_count()) {}

Transport::~Transport() {
  stop();
}

int Transport::notification_descriptor(unsigned queue) const {
  const int own = device_.notification_descriptor(queue);
  return own >= 0 ? own : notified_.descriptor();
}

void Transport::read(std::uint64_t offset, std::span<std::byte> out) {
  if (offset >= kConfig) {
    const std::lock_guard lock(mutex_);
    std::ranges::fill(out, std::byte{0});
    device_.read_config(offset - kConfig, out);
    return;
  }
  if (out.size() != sizeof(std::uint32_t) || offset % sizeof(std::uint32_t) != 0) return;
  std::uint32_t value = 0;
  if (offset == kInterruptStatus) {
    // Not locked: the interrupt's handler does not wait while the device works.
    value = interrupt_status_.load();
    if (device_.interrupts_by_itself()) value |= kUsedBuffers;
  } else {
    const std::lock_guard lock(mutex_);
    value = read_register(offset);
  }
  std::memcpy(out.data(), &value, sizeof value);
}

std::uint32_t Transport::read_register(std::uint64_t offset) {
  const QueueState* queue = selected_ < queues_.size() ? &queues_[selected_] : nullptr;
  switch (offset) {
    case kMagic:
      return kMagicValue;
    case kVersion:
      return kVersionValue;
    case kDeviceId:
      return device_.id();
    case kVendorId:
      return kVendorValue;
    case kDeviceFeatures:
      return half_of(device_.features(), device_features_half_);
    case kQueueSizeMax:
      return queue != nullptr ? kMaxQueueSize : 0;
    case kQueueReady:
      return queue != nullptr && queue->queue ? 1 : 0;
    case kStatus:
      return status_;
    case kGeneration:
      return generation_;
    default:
      return offset >= kSharedMemoryFirst && offset <= kSharedMemoryLast ? kNoSuchRegion : 0;
  }
}

void Transport::write(std::uint64_t offset, Bytes in) {
  if (offset >= kConfig) {
    const std::lock_guard lock(mutex_);
    if (!broken_) device_.write_config(offset - kConfig, in);
    return;
  }
  if (in.size() != sizeof(std::uint32_t)) return;
  const std::uint32_t value = read_le<std::uint32_t>(in, 0).value_or(0);
  if (offset == kNotifyRegister) return notify(value);
  if (offset == kInterruptAcknowledge) {
    interrupt_status_.fetch_and(~value);
    return;
  }
  const std::lock_guard lock(mutex_);
  write_register(offset, value);
}

void Transport::write_register(std::uint64_t offset, std::uint32_t value) {
  switch (offset) {
    case kDeviceFeaturesHalf:
      device_features_half_ = value;
      return;
    case kDriverFeaturesHalf:
      driver_features_half_ = value;
      return;
    case kDriverFeatures:
      if ((status_ & kFeaturesOk) == 0 && driver_features_half_ <= 1)
        set_half(driver_features_, driver_features_half_ == 1, value);
      return;
    case kQueueSelect:
      selected_ = value;
      return;
    case kStatus:
      return set_status(value);
    default:
      return write_queue_register(offset, value);
  }
}

void Transport::write_queue_register(std::uint64_t offset, std::uint32_t value) {
  if (selected_ >= queues_.size()) return;
  QueueState& state = queues_[selected_];
  if (offset == kQueueReady) return set_ready(state, value != 0);
  // A queue that is in use stays where it is.
  if (state.queue) return;
  QueuePlace& place = state.place;
  switch (offset) {
    case kQueueSize:
      place.size = value;
      return;
    case kDescriptorsLow:
    case kDescriptorsHigh:
      return set_half(place.descriptors, offset == kDescriptorsHigh, value);
    case kAvailableLow:
    case kAvailableHigh:
      return set_half(place.available, offset == kAvailableHigh, value);
    case kUsedLow:
    case kUsedHigh:
      return set_half(place.used, offset == kUsedHigh, value);
    default:
      return;
  }
}

void Transport::set_ready(QueueState& state, bool ready) {
  // Between FEATURES_OK, which says how rings look, and DRIVER_OK.
  if (started_ || broken_ || (status_ & kFeaturesOk) == 0) return;
  state.queue.reset();
  if (!ready) return;
  state.queue = Queue::create(memory_, state.place, driver_features_);
  if (!state.queue) broken();
}

void Transport::notify(std::uint32_t queue) {
  if (queue >= queue_count()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(notification_descriptor(queue), &one, sizeof one);
}

void Transport::set_status(std::uint32_t value) {
  if (value == 0) return reset();
  if (broken_) return;
  const std::uint32_t added = value & kDriversBits & ~status_;
  status_ |= added & ~(kFeaturesOk | kDriverOk);
  if ((added & kFeaturesOk) != 0) accept_features();
  if ((added & kDriverOk) != 0) start();
}

void Transport::accept_features() {
  const bool known = (driver_features_ & ~device_.features()) == 0;
  if (known && (driver_features_ & kFeatureVersion1) != 0) status_ |= kFeaturesOk;
}

void Transport::start() {
  if ((status_ & kFeaturesOk) == 0) return broken();
  status_ |= kDriverOk;
  if (ended_) return;
  started_ = true;
  device_.start(*this);
  // Buffers may be there already, and the worker does not know yet what this device waits for.
  again();
}

void Transport::reset() {
  if (started_) device_.stop();
  started_ = false;
  broken_ = false;
  for (QueueState& state : queues_) state = {};
  driver_features_ = 0;
  device_features_half_ = 0;
  driver_features_half_ = 0;
  selected_ = 0;
  status_ = 0;
  interrupt_status_ = 0;
}

Queue* Transport::queue(unsigned index) {
  return index < queues_.size() && queues_[index].queue ? &*queues_[index].queue : nullptr;
}

void Transport::publish(unsigned index) {
  Queue* const published = queue(index);
  if (published != nullptr && published->publish()) raise(kUsedBuffers);
}

void Transport::config_changed() {
  ++generation_;
  raise(kConfigChanged);
}

void Transport::broken() {
  broken_ = true;
  status_ |= kNeedsReset;
  raise(kConfigChanged);
}

void Transport::raise(std::uint32_t bits) {
  // What the guest has not acknowledged yet it has still to look at: it will then find this, too.
  if ((interrupt_status_.fetch_or(bits) & bits) != bits) interrupt_.signal();
}

void Transport::interrupt_again() {
  if (interrupt_status_.load() != 0 || device_.interrupts_by_itself()) interrupt_.signal();
}

std::vector<int> Transport::descriptors() const {
  std::vector<int> all = device_.descriptors();
  all.insert(all.end(), {interrupt_.descriptor(), notified_.descriptor()});
  return all;
}

void Transport::settle(const std::function<void()>& confine) {
  const std::lock_guard lock(mutex_);
  device_.settle(confine);
}

void Transport::prepare(system::Waits& waits) {
  waits.on(notified_.descriptor(), POLLIN);
  const std::lock_guard lock(mutex_);
  if (alive()) device_.prepare(waits);
}

void Transport::serve(system::Ready ready) {
  // Cleared before the device looks: what comes after that wakes us again.
  if (ready[0].revents != 0) notified_.clear();
  const std::lock_guard lock(mutex_);
  if (alive()) device_.serve(ready.subspan(1));
}

void Transport::pause() {
  const std::lock_guard lock(mutex_);
  if (alive()) device_.pause();
}

void Transport::resume() {
  const std::lock_guard lock(mutex_);
  if (alive()) device_.resume();
  // What the guest notified of before the pause may not have been looked at.
  again();
}

void Transport::stop() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  if (std::exchange(started_, false)) device_.stop();
}

}  // namespace pvh::virtio
