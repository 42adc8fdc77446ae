#include "virtio_slots.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "new_thread.hpp"
#include "pvh/board/board.hpp"
#include "sandbox/sandbox.hpp"

namespace pvh::kvm {

namespace {

std::uint64_t address_of(std::size_t device) {
  return board::kVirtioWindow.value() + (board::kFirstVirtioSlot + device) * board::kVirtioSlotSize;
}

std::uint32_t line_of(std::size_t device) {
  return board::kSecondIoApicBase + board::kFirstVirtioSlot + static_cast<std::uint32_t>(device);
}

/// RAM and nothing else of what is backed: not the hole below 1 MiB with the ACPI tables.
virtio::GuestMemory ram_of(const GuestMemory& memory) {
  std::vector<backend::RamPiece> out;
  for (const boot::MemoryPiece& piece : memory.pieces()) {
    const auto add = [&](GuestAddress start, GuestAddress end) {
      const auto part =
          GuestRange::from_ends(std::max(start, piece.range.start()), std::min(end, piece.range.end()));
      if (part)
        out.push_back(
            {*part, piece.host.subspan(part->start().value() - piece.range.start().value(), part->size())});
    };
    add(GuestAddress{0}, board::kLowMemoryEnd);
    add(board::kHighMemoryStart, GuestAddress{kAddressLimit});
  }
  return virtio::GuestMemory(std::move(out));
}

}  // namespace

VirtioSlots::VirtioSlots(Devices devices, const GuestMemory& memory) : memory_(ram_of(memory)) {
  std::vector<virtio::Transport*> transports;
  for (const auto& device : devices) {
    slots_.push_back(std::make_unique<Slot>(*this, slots_.size(), *device, memory_));
    transports.push_back(&slots_.back()->transport());
  }
  if (!slots_.empty()) worker_ = std::make_unique<virtio::Worker>(std::move(transports));
}

Result<void> VirtioSlots::connect(Vm& vm) {
  vm_ = &vm;
  if (!worker_) return {};
  if (thread_.joinable()) settled_.acquire();
  if (error_) return std::unexpected(*error_);
  return {};
}

Result<void> VirtioSlots::connect(Slot& slot) {
  const virtio::Transport& transport = slot.transport();
  if (auto routed = vm_->interrupt_by(transport.interrupt_descriptor(), line_of(slot.number())); !routed)
    return routed;
  const GuestAddress notify{address_of(slot.number()) + virtio::Transport::kNotifyRegister};
  for (unsigned queue = 0; queue < transport.queue_count(); ++queue) {
    const int descriptor = transport.notification_descriptor(queue);
    if (auto taken = vm_->signal_on_write(descriptor, notify, queue); !taken) return taken;
  }
  return {};
}

void VirtioSlots::Slot::write(std::uint64_t offset, Bytes in) {
  // Whatever it writes: a guest that resets a device first is about to start it.
  if (offset == virtio::Transport::kStatusRegister) {
    std::call_once(connected_, [this] {
      if (const auto done = slots_.connect(*this); !done) slots_.failed_(done.error());
    });
  }
  transport_.write(offset, in);
}

void VirtioSlots::attach(Bus& memory) {
  for (std::size_t i = 0; i < slots_.size(); ++i)
    memory.attach(address_of(i), virtio::Transport::kSize, *slots_[i]);
}

std::vector<int> VirtioSlots::descriptors() const {
  std::vector<int> all;
  if (worker_) all.push_back(worker_->descriptor());
  for (const auto& slot : slots_) {
    const virtio::Transport& transport = slot->transport();
    for (const int descriptor : transport.descriptors()) all.push_back(descriptor);
    for (unsigned queue = 0; queue < transport.queue_count(); ++queue)
      all.push_back(transport.notification_descriptor(queue));
  }
  return all;
}

Result<void> VirtioSlots::start(bool confine) {
  if (!worker_) return {};
  // Before there is a thread that nobody could end.
  if (const int error = worker_->descriptor_error(); error != 0)
    return std::unexpected(host_error("event descriptor", error));
  if (std::ranges::none_of(slots_, [](const auto& slot) { return slot->transport().wants_thread(); })) {
    worker_->settle([] {});
    return {};
  }
  thread_ = start_thread([this, confine] {
    worker_->settle([this, confine] {
      placement_.go_anywhere();
      if (confine) confine_this_thread();
    });
    settled_.release();
    worker_->run();
  });
  if (!thread_.joinable()) return std::unexpected(host_error("thread for virtual devices", EAGAIN));
  placement_.prefer_another_cpu(thread_);
  return {};
}

void VirtioSlots::join(system::EventLoop& loop) {
  if (worker_ && !thread_.joinable()) worker_->join(loop);
}

void VirtioSlots::pause() {
  if (!worker_) return;
  if (thread_.joinable())
    worker_->pause();
  else
    worker_->pause_devices();
}

void VirtioSlots::resume() {
  if (!worker_) return;
  if (thread_.joinable())
    worker_->resume();
  else
    worker_->resume_devices();
}

void VirtioSlots::confine_this_thread() {
  // Not before its rings are made: some hosts allow that only to root.
  auto done = sandbox::give_up_rights();
  if (done) done = sandbox::confine_thread(sandbox::Thread::kDevices);
  const std::lock_guard lock(error_mutex_);
  if (!done) error_ = done.error();
}

void VirtioSlots::stop() {
  if (!worker_) return;
  if (!thread_.joinable()) return worker_->stop_devices();
  worker_->stop();
  thread_.join();
}

void VirtioSlots::routed(std::span<const Route> routes) {
  for (const Route& route : routes) {
    const std::uint32_t first = line_of(0);
    if (route.line >= first && route.line - first < slots_.size())
      slots_[route.line - first]->transport().interrupt_again();
  }
}

}  // namespace pvh::kvm
