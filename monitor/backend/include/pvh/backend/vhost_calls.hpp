// The kernel's header of vhost, as far as C++ can read it.
#pragma once

#define VIRTIO_RING_NO_LEGACY  // its functions are C

#include <linux/vhost.h>
