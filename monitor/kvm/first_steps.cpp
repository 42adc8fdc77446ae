// No function of libc's is called here, nor by the compiler (CMakeLists.txt has its options, and a test looks
// at the object's symbols): the early thread takes these steps before libc is ready.
#include "first_steps.hpp"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/syscall.h>

#include <cerrno>

#include "raw_call.hpp"
#include "system.hpp"
#include "x86/io_apic.hpp"

namespace pvh::kvm {

namespace {

long raw_ioctl(int fd, unsigned long request, long argument) {
  long result = 0;
  do result = raw_call(SYS_ioctl, fd, static_cast<long>(request), argument);
  while (result == -EINTR);
  return result;
}

long open_device() {
  long result = 0;
  do result = raw_call(SYS_openat, AT_FDCWD, raw_address(kDevice), O_RDWR | O_CLOEXEC);
  while (result == -EINTR);
  return result;
}

long split_interrupts(int vm) {
  kvm_enable_cap split;
  for (auto& argument : split.args) argument = 0;
  for (auto& byte : split.pad) byte = 0;
  split.cap = KVM_CAP_SPLIT_IRQCHIP;
  split.flags = 0;
  split.args[0] = IoApics::kLines;
  return raw_ioctl(vm, KVM_ENABLE_CAP, raw_address(&split));
}

void fail(FirstSteps& steps, FirstStep at, long error) {
  close_all(steps);
  steps.failed = at;
  steps.error = static_cast<int>(error);
}

}  // namespace

void close_all(FirstSteps& steps) {
  for (int* fd : {&steps.cpu, &steps.vm, &steps.system}) {
    if (*fd >= 0) raw_call(SYS_close, *fd);
    *fd = -1;
  }
}

FirstSteps take_first_steps() {
  FirstSteps steps;
  long result = open_device();
  if (result < 0) return fail(steps, FirstStep::kOpen, -result), steps;
  steps.system = static_cast<int>(result);
  result = raw_ioctl(steps.system, KVM_GET_API_VERSION, 0);
  if (result != kApiVersion) return fail(steps, FirstStep::kVersion, result), steps;
  result = raw_ioctl(steps.system, KVM_CREATE_VM, 0);
  if (result < 0) return fail(steps, FirstStep::kMachine, -result), steps;
  steps.vm = static_cast<int>(result);
  result = raw_ioctl(steps.vm, KVM_SET_TSS_ADDR, static_cast<long>(kScratch.value()));
  if (result < 0) return fail(steps, FirstStep::kScratchPages, -result), steps;
  result = split_interrupts(steps.vm);
  if (result < 0) return fail(steps, FirstStep::kInterrupts, -result), steps;
  result = raw_ioctl(steps.vm, KVM_CREATE_VCPU, 0);
  if (result < 0) return fail(steps, FirstStep::kCpu, -result), steps;
  steps.cpu = static_cast<int>(result);
  return steps;
}

}  // namespace pvh::kvm
