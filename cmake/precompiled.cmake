# Headers that are parsed once for all, where PVH_PRECOMPILE is set: the sanitizers' presets set it, whose builds optimise nothing and
# parse for most of their time. The other builds do without, so that a file which forgets an include does not compile there.
option(PVH_PRECOMPILE "Parse the common headers once" OFF)

if(PVH_PRECOMPILE)
  find_package(fmt REQUIRED)
  find_package(nlohmann_json REQUIRED)
  set(pvh_headers_room algorithm array charconv chrono cstdint cstring expected functional map memory optional set span string string_view
    thread utility vector fmt/format.h)
  set(pvh_headers_test ${pvh_headers_room} filesystem fstream random gmock/gmock.h gtest/gtest.h nlohmann/json.hpp)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "")
  foreach(kind room test)
    # Not for the files in C that some tests have; and that a > ends the condition and not the name must be said.
    list(TRANSFORM pvh_headers_${kind} PREPEND "$<$<COMPILE_LANGUAGE:CXX>:<")
    list(TRANSFORM pvh_headers_${kind} APPEND "$<ANGLE-R>>")
    add_library(pvh_precompiled_${kind} OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
    # A time in it would make every build's a different one.
    target_compile_options(pvh_precompiled_${kind} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
    target_link_libraries(pvh_precompiled_${kind} PRIVATE pvh_options fmt::fmt-header-only nlohmann_json::nlohmann_json)
    target_precompile_headers(pvh_precompiled_${kind} PRIVATE ${pvh_headers_${kind}})
  endforeach()
  target_link_libraries(pvh_precompiled_test PRIVATE GTest::gmock GTest::gtest)
endif()

# pvh_precompiled(TARGET room|test): with the headers of its kind.
function(pvh_precompiled target kind)
  if(PVH_PRECOMPILE)
    get_target_property(sources ${target} SOURCES)
    list(FILTER sources INCLUDE REGEX "\\.c$")
    set_property(SOURCE ${sources} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
    target_precompile_headers(${target} REUSE_FROM pvh_precompiled_${kind})
  endif()
endfunction()
