/* SPDX-License-Identifier: MIT */
#include "physical.h"

uintptr_t pvh_physical_base;
