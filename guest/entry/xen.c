/* SPDX-License-Identifier: MIT */
/* Xen's hypercalls, made by the instruction itself: a page to call through need not be set up first. */
#include "xen.h"

#include "cpu.h"
#include "pvh/guest/machine.h"

enum { SCHED_OP = 29, EVENT_CHANNEL_OP = 32, HVM_OP = 34 };
enum { SCHEDOP_SHUTDOWN = 2, EVTCHNOP_SEND = 4, HVMOP_GET_PARAM = 1 };
enum { DOMID_SELF = 0x7ff0 };

int pvh_on_xen(void) {
  uint32_t leaf;
  struct cpuid r = cpuid(1);
  if ((r.ecx & 0x80000000u) == 0) return 0;
  /* Other interfaces may stand before Xen's, in steps of 0x100. */
  for (leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
    r = cpuid(leaf);
    if (r.ebx == 0x566e6558 && r.ecx == 0x65584d4d && r.edx == 0x4d4d566e) return 1; /* "XenVMMXenVMM" */
  }
  return 0;
}

static int is_amd(void) {
  const struct cpuid r = cpuid(0);
  return r.ecx == 0x444d4163 || r.ecx == 0x656e6975; /* "AuthenticAMD", "HygonGenuine" */
}

static long hypercall(long number, long first, void* second) {
  long result;
#ifdef __x86_64__
  if (is_amd())
    __asm__ volatile("vmmcall" : "=a"(result), "+D"(first), "+S"(second) : "0"(number) : "memory");
  else
    __asm__ volatile("vmcall" : "=a"(result), "+D"(first), "+S"(second) : "0"(number) : "memory");
#else
  if (is_amd())
    __asm__ volatile("vmmcall" : "=a"(result), "+b"(first), "+c"(second) : "0"(number) : "memory");
  else
    __asm__ volatile("vmcall" : "=a"(result), "+b"(first), "+c"(second) : "0"(number) : "memory");
#endif
  return result;
}

uint64_t pvh_xen_parameter(uint32_t index) {
  struct {
    uint16_t domain;
    uint16_t padding;
    uint32_t index;
    uint64_t value;
  } request = {DOMID_SELF, 0, 0, 0};
  request.index = index;
  return hypercall(HVM_OP, HVMOP_GET_PARAM, &request) == 0 ? request.value : 0;
}

void pvh_xen_notify(uint32_t port) {
  (void)hypercall(EVENT_CHANNEL_OP, EVTCHNOP_SEND, &port);
}

void pvh_xen_shutdown(unsigned reason) {
  uint32_t argument = reason;
  if (pvh_on_xen()) (void)hypercall(SCHED_OP, SCHEDOP_SHUTDOWN, &argument);
}
