/* SPDX-License-Identifier: MIT */
/* What the console and the way out need of Xen. Private. */
#ifndef PVH_ENTRY_XEN_H
#define PVH_ENTRY_XEN_H

#include <stdint.h>

enum { XEN_HVM_PARAM_CONSOLE_PFN = 17, XEN_HVM_PARAM_CONSOLE_EVTCHN = 18 };

/* The parameter of this domain; 0 where Xen gives none. */
uint64_t pvh_xen_parameter(uint32_t index);
/* Tells the other end of an event channel. */
void pvh_xen_notify(uint32_t port);

#endif
