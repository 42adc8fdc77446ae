# Code that runs on a bare CPU: nothing of an operating system, no instruction that nobody has enabled yet, no table that a
# loader would have to fill.

# pvh_freestanding(TARGET BITS): the options of such a target, 32 or 64 bits.
function(pvh_freestanding target bits)
  target_compile_options(${target} PRIVATE -m${bits} -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables
    -fcf-protection=none -mno-red-zone -mno-sse -mgeneral-regs-only -fno-pie
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wall -Wextra -Werror -Wshadow -Wconversion -Wno-sign-conversion>
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF C_STANDARD 11 C_EXTENSIONS ON)
endfunction()

# pvh_kernel(NAME BITS SCRIPT ENTRY): links executable NAME to kernels/NAME.elf in the build tree.
function(pvh_kernel name bits script entry)
  pvh_freestanding(${name} ${bits})
  target_link_options(${name} PRIVATE -m${bits} -nostdlib -static -Wl,-T,${script} -Wl,-e,${entry}
    -Wl,--build-id=none -Wl,--no-warn-rwx-segments)
  set_target_properties(${name} PROPERTIES SUFFIX .elf LINK_DEPENDS ${script} OUTPUT_NAME ${name}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/kernels)
endfunction()
