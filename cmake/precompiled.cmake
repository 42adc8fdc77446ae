# Headers that are parsed once for all: the tests', and where PVH_PRECOMPILE is set the rooms' too. The sanitizers' presets set it, whose
# builds optimise nothing and parse for most of their time. The other builds do without, so that a room's file which forgets an include
# does not compile there.
option(PVH_PRECOMPILE "Parse the common headers of the rooms once" OFF)

find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
set(pvh_headers_std algorithm array charconv chrono cstdint cstring expected functional map memory optional set span string string_view
  thread utility vector)
set(pvh_headers_room ${pvh_headers_std} fmt/format.h)
# Without fmt's: g++ takes a precompiled header only where every macro that it knows is as it was, and few tests are linked with fmt.
set(pvh_headers_test ${pvh_headers_std} filesystem fstream random gmock/gmock.h gtest/gtest.h nlohmann/json.hpp)
set(pvh_precompiled_kinds "")
if(BUILD_TESTING)
  list(APPEND pvh_precompiled_kinds test)
endif()
if(PVH_PRECOMPILE)
  list(APPEND pvh_precompiled_kinds room)
endif()

file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "")
foreach(kind ${pvh_precompiled_kinds})
  # Not for the files in C that some tests have; and that a > ends the condition and not the name must be said.
  list(TRANSFORM pvh_headers_${kind} PREPEND "$<$<COMPILE_LANGUAGE:CXX>:<")
  list(TRANSFORM pvh_headers_${kind} APPEND "$<ANGLE-R>>")
  add_library(pvh_precompiled_${kind} OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
  # A time in it would make every build's a different one.
  target_compile_options(pvh_precompiled_${kind} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  target_link_libraries(pvh_precompiled_${kind} PRIVATE pvh_options)
  target_precompile_headers(pvh_precompiled_${kind} PRIVATE ${pvh_headers_${kind}})
endforeach()
if(PVH_PRECOMPILE)
  target_link_libraries(pvh_precompiled_room PRIVATE pvh_hardened fmt::fmt-header-only)
endif()
if(BUILD_TESTING)
  target_link_libraries(pvh_precompiled_test PRIVATE nlohmann_json::nlohmann_json GTest::gmock GTest::gtest)
  target_compile_options(pvh_precompiled_test PRIVATE ${pvh_test_options})
endif()

# pvh_precompiled(TARGET room|test): with the headers of its kind.
function(pvh_precompiled target kind)
  if(NOT kind IN_LIST pvh_precompiled_kinds)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.c$")
  set_property(SOURCE ${sources} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
  target_precompile_headers(${target} REUSE_FROM pvh_precompiled_${kind})
endfunction()
