#include "system.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pvh::kvm {

namespace {

/// What we use, and what to call it where it is missing.
struct Need {
  int extension;
  const char* name;
};
constexpr Need kNeeds[] = {
    {KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY"},       {KVM_CAP_SPLIT_IRQCHIP, "KVM_CAP_SPLIT_IRQCHIP"},
    {KVM_CAP_SIGNAL_MSI, "KVM_CAP_SIGNAL_MSI"},         {KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID"},
    {KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT"},
};

/// Tables of KVM's start with how many entries follow, and four bytes more.
struct TableHead {
  std::uint32_t count;
  std::uint32_t more;
};

/// The number of a call that takes a table. It holds the size of the head, which the kernel's header gets
/// wrong in C++: an empty structure before the entries has a size there.
constexpr unsigned long table_call(unsigned long request) {
  constexpr unsigned long kSizeBits = static_cast<unsigned long>(_IOC_SIZEMASK) << _IOC_SIZESHIFT;
  return (request & ~kSizeBits) | sizeof(TableHead) << _IOC_SIZESHIFT;
}
static_assert(table_call(KVM_SET_CPUID2) == 0x4008ae90 && table_call(KVM_GET_SUPPORTED_CPUID) == 0xc008ae05);

/// A table as KVM reads it, in words so that it is aligned.
template <class Entry>
std::vector<std::uint64_t> table_of(std::span<const Entry> entries) {
  static_assert(alignof(Entry) <= alignof(std::uint64_t) && sizeof(Entry) % sizeof(std::uint64_t) == 0);
  const TableHead head{.count = static_cast<std::uint32_t>(entries.size()), .more = 0};
  std::vector<std::uint64_t> words(1 + entries.size_bytes() / sizeof(std::uint64_t));
  std::memcpy(words.data(), &head, sizeof head);
  if (!entries.empty()) std::memcpy(words.data() + 1, entries.data(), entries.size_bytes());
  return words;
}

/// The call's result; -1 and errno where it failed. One that a signal cut short is made again.
template <class Argument>
int call(const UniqueFd& fd, unsigned long request, Argument argument) {
  int result = 0;
  do result = ::ioctl(fd.get(), request, argument);
  while (result < 0 && errno == EINTR);
  return result;
}

Result<void> done(int result, const char* what) {
  if (result < 0) return std::unexpected(host_error(what, errno));
  return {};
}

}  // namespace

Vcpu::Vcpu(UniqueFd fd, std::uint32_t id, void* shared, std::size_t shared_size)
    : fd_(std::move(fd)), id_(id), shared_(static_cast<kvm_run*>(shared)), shared_size_(shared_size) {}

Vcpu::Vcpu(Vcpu&& other) noexcept
    : fd_(std::move(other.fd_)),
      id_(other.id_),
      shared_(std::exchange(other.shared_, nullptr)),
      shared_size_(other.shared_size_) {}

Vcpu::~Vcpu() {
  if (shared_ != nullptr) ::munmap(shared_, shared_size_);
}

Result<void> Vcpu::set_cpuid(std::span<const kvm_cpuid_entry2> entries) {
  const auto table = table_of(entries);
  return done(call(fd_, table_call(KVM_SET_CPUID2), table.data()),
              "CPUID for a virtual CPU (KVM_SET_CPUID2)");
}

Result<kvm_sregs> Vcpu::special_registers() const {
  kvm_sregs registers{};
  if (call(fd_, KVM_GET_SREGS, &registers) < 0)
    return std::unexpected(host_error("registers of a virtual CPU (KVM_GET_SREGS)", errno));
  return registers;
}

Result<void> Vcpu::set_special_registers(const kvm_sregs& registers) {
  return done(call(fd_, KVM_SET_SREGS, &registers), "state for a virtual CPU (KVM_SET_SREGS)");
}

Result<kvm_regs> Vcpu::registers() const {
  kvm_regs registers{};
  if (call(fd_, KVM_GET_REGS, &registers) < 0)
    return std::unexpected(host_error("registers of a virtual CPU (KVM_GET_REGS)", errno));
  return registers;
}

Result<void> Vcpu::set_registers(const kvm_regs& registers) {
  return done(call(fd_, KVM_SET_REGS, &registers), "state for a virtual CPU (KVM_SET_REGS)");
}

int Vcpu::set_msrs(std::span<const kvm_msr_entry> entries) {
  const auto table = table_of(entries);
  return call(fd_, table_call(KVM_SET_MSRS), table.data());
}

std::optional<GuestAddress> Vcpu::translate(std::uint64_t linear) const {
  kvm_translation translation{};
  translation.linear_address = linear;
  if (call(fd_, KVM_TRANSLATE, &translation) < 0 || translation.valid == 0) return std::nullopt;
  return GuestAddress{translation.physical_address};
}

bool Vcpu::started() const {
  kvm_mp_state state{};
  if (call(fd_, KVM_GET_MP_STATE, &state) < 0) return true;
  return state.mp_state != KVM_MP_STATE_UNINITIALIZED && state.mp_state != KVM_MP_STATE_INIT_RECEIVED;
}

int Vcpu::run() {
  return ::ioctl(fd_.get(), KVM_RUN, 0) < 0 ? errno : 0;
}

std::span<std::byte> Vcpu::port_data() {
  const auto& io = shared_->io;
  const std::uint64_t size = std::uint64_t{io.size} * io.count;
  // The kernel's to say, but a monitor does not follow an offset out of its own page.
  if (io.data_offset > shared_size_ || size > shared_size_ - io.data_offset) return {};
  return std::as_writable_bytes(std::span(reinterpret_cast<char*>(shared_), shared_size_))
      .subspan(io.data_offset, size);
}

void Vcpu::interrupt() {
  std::atomic_ref(shared_->immediate_exit).store(1, std::memory_order_relaxed);
}

void Vcpu::proceed() {
  std::atomic_ref(shared_->immediate_exit).store(0, std::memory_order_relaxed);
}

kvm_userspace_memory_region memory_region(std::uint32_t slot, const GuestRange& range,
                                          std::span<std::byte> host) {
  kvm_userspace_memory_region region{};
  region.slot = slot;
  region.guest_phys_addr = range.start().value();
  region.memory_size = range.size();
  region.userspace_addr = reinterpret_cast<std::uintptr_t>(host.data());
  return region;
}

Result<void> Vm::add_memory(std::uint32_t slot, const GuestRange& range, std::span<std::byte> host) {
  const auto region = memory_region(slot, range, host);
  return done(call(fd_, KVM_SET_USER_MEMORY_REGION, &region), kAddMemory);
}

Result<Vcpu> Vm::create_vcpu(std::uint32_t id) {
  UniqueFd fd(call(fd_, KVM_CREATE_VCPU, std::uint64_t{id}));
  if (!fd) return std::unexpected(host_error("virtual CPU (KVM_CREATE_VCPU)", errno));
  return adopt_vcpu(std::move(fd), id);
}

Result<Vcpu> Vm::adopt_vcpu(UniqueFd fd, std::uint32_t id) const {
  void* shared = ::mmap(nullptr, shared_size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (shared == MAP_FAILED) return std::unexpected(host_error("view of a virtual CPU (mmap)", errno));
  return Vcpu(std::move(fd), id, shared, shared_size_);
}

Result<void> Vm::interrupt_by(int eventfd, std::uint32_t line) {
  kvm_irqfd request{};
  request.fd = static_cast<std::uint32_t>(eventfd);
  request.gsi = line;
  return done(call(fd_, KVM_IRQFD, &request), "interrupt by descriptor (KVM_IRQFD)");
}

Result<void> Vm::signal_on_write(int eventfd, GuestAddress address, std::uint32_t value) {
  kvm_ioeventfd request{};
  request.datamatch = value;
  request.addr = address.value();
  request.len = sizeof value;
  request.fd = eventfd;
  request.flags = KVM_IOEVENTFD_FLAG_DATAMATCH;
  return done(call(fd_, KVM_IOEVENTFD, &request), "notification by descriptor (KVM_IOEVENTFD)");
}

void Vm::deliver(const Message& message) {
  kvm_msi msi{};
  msi.address_lo = message.address;
  msi.data = message.data;
  // A guest may name a CPU that there is not: such an interrupt goes nowhere, as on a machine.
  (void)call(fd_, KVM_SIGNAL_MSI, &msi);
}

void Vm::route(std::span<const Route> routes) {
  std::vector<kvm_irq_routing_entry> entries;
  for (const Route& route : routes) {
    kvm_irq_routing_entry& entry = entries.emplace_back();
    entry = {};
    entry.gsi = route.line;
    entry.type = KVM_IRQ_ROUTING_MSI;
    entry.u.msi.address_lo = route.message.address;
    entry.u.msi.data = route.message.data;
  }
  const auto table = table_of(std::span<const kvm_irq_routing_entry>(entries));
  (void)call(fd_, table_call(KVM_SET_GSI_ROUTING), table.data());
}

Error open_error(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM:
      return Error{.what = Fault::kKvmForbidden, .subject = kDevice};
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return Error{.what = Fault::kKvmMissing, .subject = kDevice};
    default:
      return host_error(kDevice, error_number);
  }
}

Error version_error(int found) {
  return {.what = Fault::kKvmTooOld,
          .subject = kDevice,
          .found = "version " + std::to_string(found) + " of its interface",
          .wanted = "version " + std::to_string(kApiVersion)};
}

Result<System> System::adopt(UniqueFd fd) {
  System system(std::move(fd));
  for (const Need& need : kNeeds)
    if (system.extension(need.extension) <= 0)
      return std::unexpected(Error{.what = Fault::kKvmTooOld,
                                   .subject = kDevice,
                                   .found = std::string("no ") + need.name,
                                   .wanted = std::string("a Linux that has it")});
  return system;
}

int System::extension(int number) const {
  return call(fd_, KVM_CHECK_EXTENSION, static_cast<long>(number));
}

Result<std::vector<kvm_cpuid_entry2>> System::supported_cpuid() const {
  // KVM refuses more entries than its own limit, 256, and fails where it has more than there is room for.
  std::vector<kvm_cpuid_entry2> entries(256);
  auto table = table_of(std::span<const kvm_cpuid_entry2>(entries));
  if (call(fd_, table_call(KVM_GET_SUPPORTED_CPUID), table.data()) < 0)
    return std::unexpected(host_error("list of what its CPUs can (KVM_GET_SUPPORTED_CPUID)", errno));
  TableHead head;
  std::memcpy(&head, table.data(), sizeof head);
  entries.resize(std::min<std::size_t>(head.count, entries.size()));
  std::memcpy(entries.data(), table.data() + 1, std::span(entries).size_bytes());
  return entries;
}

Result<Vm> System::adopt_vm(UniqueFd fd) const {
  const int shared_size = call(fd_, KVM_GET_VCPU_MMAP_SIZE, 0);
  // A call that succeeded leaves errno as it was.
  const int error = shared_size < 0 ? errno : EOVERFLOW;
  if (shared_size < static_cast<int>(sizeof(kvm_run)))
    return std::unexpected(host_error("size of a virtual CPU's view (KVM_GET_VCPU_MMAP_SIZE)", error));
  return Vm(std::move(fd), static_cast<std::size_t>(shared_size));
}

}  // namespace pvh::kvm
