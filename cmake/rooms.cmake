# One CMake target a room. A room sees only the headers of the rooms that it names, so a wrong include does not compile.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(BUILD_TESTING)
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    message(FATAL_ERROR "GoogleTest not found. Install libgtest-dev and libgmock-dev, or build without tests: -DBUILD_TESTING=OFF")
  endif()
endif()

add_library(pvh_options INTERFACE)
target_compile_options(pvh_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX,C>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wcast-align -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast>)
# Without a section for each function the linker's --gc-sections has nothing to leave out.
target_compile_options(pvh_options INTERFACE $<$<COMPILE_LANGUAGE:CXX,C>:-ffunction-sections -fdata-sections>)
if(PVH_SANITIZE)
  target_compile_options(pvh_options INTERFACE -fsanitize=${PVH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(pvh_options INTERFACE -fsanitize=${PVH_SANITIZE})
endif()
if(PVH_FUZZERS)
  # Every room is instrumented, or the fuzzers would see only themselves.
  target_compile_options(pvh_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/hardened.cmake)

# What is tested is optimised as users get it; the tests themselves need not be, and half of a build is theirs.
set(pvh_test_options $<$<CONFIG:Release>:-O0>)

include(${CMAKE_CURRENT_LIST_DIR}/precompiled.cmake)

# pvh_room(NAME SOURCES a.cpp … USES room … LIBRARIES lib …)
# Headers lie in NAME/include/pvh/NAME/. A room without SOURCES is headers only.
function(pvh_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  list(TRANSFORM ROOM_USES PREPEND pvh_)
  if(ROOM_SOURCES)
    add_library(pvh_${name} STATIC ${ROOM_SOURCES})
    target_include_directories(pvh_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>)
    target_link_libraries(pvh_${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_LIBRARIES} $<BUILD_INTERFACE:pvh_options> $<BUILD_INTERFACE:pvh_hardened>)
    pvh_precompiled(pvh_${name} room)
  else()
    add_library(pvh_${name} INTERFACE)
    target_include_directories(pvh_${name} INTERFACE $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>)
    target_link_libraries(pvh_${name} INTERFACE ${ROOM_USES} ${ROOM_LIBRARIES})
  endif()
endfunction()

# pvh_test(NAME_test [LABEL word] SOURCES a_test.cpp … USES room … LIBRARIES lib …): a program of GoogleTest cases, which is one
# CTest test: a process a case would take longer than most cases do. By its ending ./test knows that it counts the cases in it.
# LABEL: for `ctest -L`; "unit" unless told, another word for what needs more than the build (a QEMU, …). Those wait the longest,
# for guests, so they start first.
function(pvh_test name)
  cmake_parse_arguments(TEST "" "LABEL" "SOURCES;USES;LIBRARIES" ${ARGN})
  if(NOT name MATCHES "_test$")
    message(FATAL_ERROR "${name}: a program of GoogleTest cases has a name that ends in _test")
  endif()
  if(NOT TEST_LABEL)
    set(TEST_LABEL unit)
  endif()
  list(TRANSFORM TEST_USES PREPEND pvh_)
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_USES} ${TEST_LIBRARIES} pvh_options GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${pvh_test_options})
  pvh_precompiled(${name} test)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${TEST_LABEL} COST $<IF:$<STREQUAL:${TEST_LABEL},unit>,1,2>)
endfunction()

# pvh_before_libc(FILE): the compiler adds nothing to FILE that needs a libc that is ready: no thread-local storage, as stack
# protectors have, and no memset for a loop. tests/before_libc_test.sh checks the objects.
set(pvh_before_libc_options -fno-stack-protector -U_FORTIFY_SOURCE -fno-builtin -fno-exceptions)
function(pvh_before_libc file)
  set_property(SOURCE ${file} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
  set_property(SOURCE ${file} PROPERTY COMPILE_OPTIONS ${pvh_before_libc_options} -fno-sanitize=all
    $<$<CXX_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns>)
endfunction()

# pvh_optimised(FILE...): also where the build as a whole is not, as with sanitizers: what tests give so much to do that optimising it
# takes less time than it saves.
function(pvh_optimised)
  if(PVH_SANITIZE)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -O1)
    set_property(SOURCE ${ARGN} PROPERTY SKIP_PRECOMPILE_HEADERS ON)  # they are not optimised
  endif()
endfunction()

# pvh_fuzzer(NAME SOURCES a_fuzz.cpp USES room …): a libFuzzer target; its corpus is fuzz/corpus/NAME.
function(pvh_fuzzer name)
  cmake_parse_arguments(FUZZ "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  list(TRANSFORM FUZZ_USES PREPEND pvh_)
  add_executable(${name} ${FUZZ_SOURCES})
  target_link_libraries(${name} PRIVATE ${FUZZ_USES} ${FUZZ_LIBRARIES} pvh_options pvh_hardened)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  pvh_precompiled(${name} room)
endfunction()
