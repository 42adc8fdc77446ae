# How this project compiles its own code for a bare CPU.
include(${CMAKE_CURRENT_LIST_DIR}/freestanding.cmake)
set(PVH_KERNEL_SCRIPT ${PROJECT_SOURCE_DIR}/guest/entry/kernel.ld)

# pvh_bare(TARGET): warnings, C11, and no instruction that a kernel has not enabled yet.
function(pvh_bare target)
  target_compile_options(${target} PRIVATE -mno-sse -mgeneral-regs-only
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion>)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
endfunction()
