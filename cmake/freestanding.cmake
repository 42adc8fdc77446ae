# Code that runs on a bare CPU: nothing of an operating system, no table that a loader would have to fill. Installed too, for
# kernels outside of this tree.

# pvh_kernel(NAME BITS [SCRIPT file.ld] [ENTRY symbol]): makes the executable NAME a kernel of 32 or 64 bits, NAME.elf. Unless
# told it is linked by kernel.ld and entered at pvh_entry32 or pvh_entry64.
function(pvh_kernel name bits)
  cmake_parse_arguments(KERNEL "" "SCRIPT;ENTRY" "" ${ARGN})
  if(NOT KERNEL_SCRIPT)
    set(KERNEL_SCRIPT ${PVH_KERNEL_SCRIPT})
  endif()
  if(NOT KERNEL_ENTRY)
    set(KERNEL_ENTRY pvh_entry${bits})
  endif()
  target_compile_options(${name} PRIVATE -m${bits} -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables
    -fcf-protection=none -mno-red-zone -fno-pie
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>)
  target_link_options(${name} PRIVATE -m${bits} -nostdlib -static -no-pie -Wl,-T,${KERNEL_SCRIPT} -Wl,-e,${KERNEL_ENTRY}
    -Wl,--build-id=none -Wl,--no-warn-rwx-segments)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF SUFFIX .elf LINK_DEPENDS ${KERNEL_SCRIPT})
endfunction()
