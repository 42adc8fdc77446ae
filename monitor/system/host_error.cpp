#include "pvh/system/host_error.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace pvh::system {

Error host_error(std::string what, int error_number) {
  return Error{.what = error_number == EMFILE ? Fault::kDescriptorLimit : Fault::kHostCall,
               .subject = std::move(what),
               .found = std::string(std::strerror(error_number))};
}

}  // namespace pvh::system
