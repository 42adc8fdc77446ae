// A monitor: boots a kernel file on KVM by the direct boot contract; the guest's serial line is standard
// output.
//   monitor KERNEL [COMMAND-LINE]
// Ends with 0 when the guest powers off, 3 when it dies or has no time left, 1 when it could not be started.
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <pvh/boot/load.hpp>
#include <pvh/boot/plan.hpp>
#include <pvh/image/kernel_file.hpp>
#include <pvh/words/describe.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace pvh;

constexpr std::uint64_t kMemory = 256 * kMiB;
constexpr unsigned kSeconds = 60;

enum Ending : int { kPoweredOff = 0, kFailed = 1, kDied = 3 };

int end(Ending ending, const std::string& why) {
  std::fprintf(stderr, "monitor: %s\n", why.c_str());
  return ending;
}

/// The value of a result; an error ends the program.
template <class T>
T value(Result<T> result) {
  if (!result) std::exit(end(kFailed, words::describe(result.error())));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The result of a system call; -1 ends the program.
template <class T>
T must(T result, const char* what) {
  if (result < 0) std::exit(end(kFailed, std::string(what) + ": " + std::strerror(errno)));
  return result;
}

std::span<std::byte> map(std::size_t size, int protection, int flags, int file, const char* what) {
  void* start = ::mmap(nullptr, size, protection, flags, file, 0);
  must(start == MAP_FAILED ? -1 : 0, what);
  return {static_cast<std::byte*>(start), size};
}

Bytes map_file(const char* path) {
  const int file = must(::open(path, O_RDONLY | O_CLOEXEC), path);
  const auto size = static_cast<std::size_t>(must(::lseek(file, 0, SEEK_END), path));
  return map(size, PROT_READ, MAP_PRIVATE, file, path);
}

/// RAM where the plan wants it. The host spends a page when the guest touches it.
boot::SpanMemory give_memory(int vm, const boot::BootPlan& plan) {
  std::vector<boot::MemoryPiece> pieces;
  for (const board::Backing& piece : plan.backing) {
    const auto host = map(piece.range.size(), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, "the guest's memory");
    kvm_userspace_memory_region region{.slot = static_cast<__u32>(pieces.size()),
                                       .flags = 0,
                                       .guest_phys_addr = piece.range.start().value(),
                                       .memory_size = piece.range.size(),
                                       .userspace_addr = reinterpret_cast<std::uintptr_t>(host.data())};
    must(::ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
    pieces.push_back({.range = piece.range, .host = host});
  }
  return boot::SpanMemory(std::move(pieces));
}

/// What KVM can give a guest on this host, as the only CPU of its machine.
void give_cpuid(int kvm, int cpu) {
  struct {
    std::uint32_t count = 256;
    std::uint32_t padding = 0;
    std::array<kvm_cpuid_entry2, 256> entries{};
  } table;
  // By hand: the numbers in <linux/kvm.h> hold the size of a structure that is larger in C++ than in C.
  must(::ioctl(kvm, _IOWR(KVMIO, 0x05, std::uint64_t), &table), "KVM_GET_SUPPORTED_CPUID");
  for (kvm_cpuid_entry2& leaf : std::span(table.entries).first(table.count)) {
    if (leaf.function != 1) continue;
    leaf.ebx &= 0x00ffffffU;            // APIC id 0
    leaf.ecx |= 1U << 24U | 1U << 31U;  // the local APIC's deadline timer; a hypervisor
  }
  must(::ioctl(cpu, _IOW(KVMIO, 0x90, std::uint64_t), &table), "KVM_SET_CPUID2");
}

kvm_segment segment(const boot::SegmentState& state) {
  const auto bits = [&state](unsigned first, unsigned mask) {
    return static_cast<__u8>(state.attributes >> first & mask);
  };
  // In its order: base, limit, selector, type, present, dpl, db, s, l, g, avl, unusable, padding.
  return {state.base, state.limit, state.selector, bits(0, 15), bits(7, 1), bits(5, 3), bits(14, 1),
          bits(4, 1), bits(13, 1), bits(15, 1),    bits(12, 1), 0,          0};
}

/// The state at the kernel's entry, clauses CPU-1 to CPU-5.
void enter(int cpu, const boot::EntryState& state) {
  kvm_sregs special{};
  must(::ioctl(cpu, KVM_GET_SREGS, &special), "KVM_GET_SREGS");
  special.cs = segment(state.cs);
  special.ds = special.es = special.ss = special.fs = special.gs = segment(state.data);
  special.tr = segment(state.tr);
  special.cr0 = state.cr0;
  special.cr4 = state.cr4;
  must(::ioctl(cpu, KVM_SET_SREGS, &special), "KVM_SET_SREGS");
  kvm_regs registers{};
  registers.rip = state.eip;
  registers.rbx = state.ebx;
  registers.rflags = state.eflags;
  must(::ioctl(cpu, KVM_SET_REGS, &registers), "KVM_SET_REGS");
}

/// A 16550 that is always ready, never interrupts, and has nobody at its keyboard.
class Serial {
 public:
  void write(std::size_t index, std::byte value) {
    registers_[index] = value;
    const bool sets_speed = (registers_[3] & std::byte{0x80}) != std::byte{0};
    // Whether anybody reads it is not the guest's concern.
    if (index == 0 && !sets_speed) (void)!::write(STDOUT_FILENO, &value, 1);
  }
  std::byte read(std::size_t index) const {
    if (index == 2) return std::byte{0x01};  // no interrupt
    if (index == 5) return std::byte{0x60};  // all is sent, and nothing was received
    return registers_[index];
  }

 private:
  std::array<std::byte, 8> registers_{};
};

/// An access to ports: one value, or as many as a string instruction has. Where nothing lies, ones are read.
void access_port(kvm_run& exit, Serial& serial) {
  const auto& io = exit.io;
  auto* data = reinterpret_cast<std::byte*>(&exit) + io.data_offset;
  for (std::size_t i = 0; i < std::size_t{io.count} * io.size; ++i) {
    const std::size_t port = io.port + i % io.size;
    const bool is_serial = port >= board::kCom1Port && port < board::kCom1Port + 8;
    if (io.direction == KVM_EXIT_IO_IN)
      data[i] = is_serial ? serial.read(port - board::kCom1Port) : std::byte{0xff};
    else if (is_serial)
      serial.write(port - board::kCom1Port, data[i]);
  }
}

/// Whether a write to memory is the board's power-off: ACPI's sleep control register, as the plan's tables
/// say.
bool is_power_off(const kvm_run& exit) {
  constexpr std::uint8_t kSleepNow = 0x20 | board::kSleepTypeOff << 2;
  return exit.mmio.phys_addr == board::kSleepControl.value() && exit.mmio.data[0] == kSleepNow;
}

kvm_run* running = nullptr;

/// Time is up: the next entry into the guest returns at once, and so does the one that is under way.
void stop(int) {
  running->immediate_exit = 1;
}

int run(int cpu, kvm_run& exit) {
  Serial serial;
  running = &exit;
  struct sigaction action{};
  action.sa_handler = stop;  // without SA_RESTART, so that a write that blocks ends too
  must(::sigaction(SIGALRM, &action, nullptr), "sigaction");
  ::alarm(kSeconds);
  for (;;) {
    if (::ioctl(cpu, KVM_RUN, 0) < 0) {
      if (exit.immediate_exit != 0) return end(kDied, "the guest's time is up");
      if (errno != EINTR && errno != EAGAIN) must(-1, "KVM_RUN");
    } else if (exit.exit_reason == KVM_EXIT_IO) {
      access_port(exit, serial);
    } else if (exit.exit_reason != KVM_EXIT_MMIO) {
      const bool reset = exit.exit_reason == KVM_EXIT_SHUTDOWN;
      return end(kDied, reset ? "triple fault" : "KVM's exit reason " + std::to_string(exit.exit_reason));
    } else if (exit.mmio.is_write == 0) {
      std::memset(exit.mmio.data, 0xff, sizeof exit.mmio.data);
    } else if (is_power_off(exit)) {
      return end(kPoweredOff, "the guest powered off");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return end(kFailed, "usage: monitor KERNEL [COMMAND-LINE]");
  const auto file = value(image::read_kernel_file(map_file(argv[1])));
  const auto kernel = value(image::kernel_image(file));
  const std::string command_line = argc == 3 ? argv[2] : "";
  const auto plan = value(boot::plan({.kernel = kernel,
                                      .command_line = command_line,
                                      .memory_size = kMemory,
                                      .board = {.interval_timer = false}}));

  const int kvm = must(::open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
  const int vm = must(::ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
  auto memory = give_memory(vm, plan);
  value(boot::load(plan, memory, boot::Before::kZeros));
  // In the kernel. There is no other interrupt controller: a kernel's first lines need none.
  kvm_enable_cap local_apics{};
  local_apics.cap = KVM_CAP_SPLIT_IRQCHIP;
  must(::ioctl(vm, KVM_ENABLE_CAP, &local_apics), "KVM_CAP_SPLIT_IRQCHIP");
  const int cpu = must(::ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
  give_cpuid(kvm, cpu);
  enter(cpu, plan.state);

  const int size = must(::ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
  const auto shared =
      map(static_cast<std::size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, cpu, "the CPU's exits");
  return run(cpu, *reinterpret_cast<kvm_run*>(shared.data()));
}
