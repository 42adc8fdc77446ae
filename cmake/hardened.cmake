# How the program is hardened. tests/hardened_test.sh reads the properties back from the linked program.

# Position independence, for ASLR. A stack protector in each function with an array or an escaping local.
add_library(pvh_hardened INTERFACE)
target_compile_options(pvh_hardened INTERFACE $<$<COMPILE_LANGUAGE:CXX,C>:-fPIE -fstack-protector-strong>)
# Fortify requires optimization; sanitizers intercept the same functions. A level in the user's own flags wins.
if(NOT PVH_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "_FORTIFY_SOURCE")
  target_compile_options(pvh_hardened INTERFACE
    $<$<AND:$<COMPILE_LANGUAGE:CXX,C>,$<CONFIG:Release,RelWithDebInfo,MinSizeRel>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
endif()

# Packed, the relocations of a start take a page instead of thirty. libc reads them from 2.36 on; the static one would crash earlier.
include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_LINK_OPTIONS LINKER:-z,pack-relative-relocs)
check_c_source_compiles("#include <features.h>
  #if !__GLIBC_PREREQ(2, 36)
  #error
  #endif
  int main(void) { return 0; }" PVH_PACKS_RELOCATIONS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)

# pvh_program(TARGET): links a position-independent program, static where PVH_STATIC says so. Relocations are resolved at start and
# read-only from then on (full RELRO); the stack is not executable.
function(pvh_program target)
  target_link_libraries(${target} PRIVATE pvh_hardened)
  target_link_options(${target} PRIVATE $<IF:$<BOOL:${PVH_STATIC}>,-static-pie,-pie> LINKER:-z,relro,-z,now,-z,noexecstack
    $<$<BOOL:${PVH_PACKS_RELOCATIONS}>:LINKER:-z,pack-relative-relocs>)
endfunction()
