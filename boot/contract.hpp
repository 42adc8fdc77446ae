// The contract's C header for this room's C++, which is compiled with warnings that a C header cannot heed.
#pragma once

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#include <pvh/start_info.h>
#pragma GCC diagnostic pop
