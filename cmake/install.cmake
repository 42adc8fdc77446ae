# `cmake --install`: what kernels and monitors outside of this tree need. A CMake package and pkg-config files, all of which find
# their files from where they lie, so that the tree can be moved.
# Component "program" is the command and its manual. Component "guest" is a kernel's part alone: headers, archives, linker script.
# Component "host" is a monitor's: the rooms of host/, as one archive.
find_package(Threads REQUIRED)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(pvh_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pvh)
set(pvh_script_dir ${CMAKE_INSTALL_DATADIR}/pvh)
set(pvh_config_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# pvh_install_needs(COMPONENT TARGET...): `cmake --install` builds nothing, so where a file of TARGET is missing it says what to type
# before it copies anything.
set(pvh_installed_targets "")
function(pvh_install_needs component)
  list(TRANSFORM ARGN REPLACE "(.+)" "\"$<TARGET_FILE:\\1>\"" OUTPUT_VARIABLE files)
  list(JOIN files " " files)
  install(CODE "
    foreach(file ${files})
      if(NOT EXISTS \"\${file}\")
        message(FATAL_ERROR \"\${file}: not built\\nhint: cmake --build ${PROJECT_BINARY_DIR} --target installable\")
      endif()
    endforeach()" COMPONENT ${component})
  set(pvh_installed_targets ${pvh_installed_targets} ${ARGN} PARENT_SCOPE)
endfunction()
pvh_install_needs(program pvh)
pvh_install_needs(guest pvh_guest_freestanding64 pvh_guest_freestanding32 pvh_entry64 pvh_entry32)
pvh_install_needs(host pvh_host)
add_custom_target(installable)
add_dependencies(installable ${pvh_installed_targets})

install(TARGETS pvh RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
# The manual's last line names the release.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/pvh.1)
file(READ docs/pvh.1 pvh_manual)
string(REPLACE "\n.Os\n" "\n.Os pvh ${PROJECT_VERSION}\n" pvh_manual "${pvh_manual}")
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/pvh.1 CONTENT "${pvh_manual}")
install(FILES ${PROJECT_BINARY_DIR}/pvh.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)

set_target_properties(pvh_abi PROPERTIES EXPORT_NAME abi)
install(TARGETS pvh_abi pvh_guest_freestanding64 pvh_guest_freestanding32 pvh_entry64 pvh_entry32 EXPORT pvh
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT guest INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY abi/include/ guest/library/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT guest)
install(FILES guest/entry/kernel.ld DESTINATION ${pvh_script_dir} COMPONENT guest)

install(EXPORT pvh NAMESPACE pvh:: FILE pvh-targets.cmake DESTINATION ${pvh_package_dir} COMPONENT guest)

set(pvh_host_rooms base image board boot words)
add_library(pvh_host STATIC)
set_target_properties(pvh_host PROPERTIES EXPORT_NAME host OUTPUT_NAME pvh-host LINKER_LANGUAGE CXX)
target_compile_features(pvh_host INTERFACE cxx_std_23)
target_link_libraries(pvh_host INTERFACE ${PVH_PAYLOAD_LIBRARIES} Threads::Threads)
foreach(room ${pvh_host_rooms})
  target_sources(pvh_host PRIVATE $<TARGET_OBJECTS:pvh_${room}>)
  target_include_directories(pvh_host INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/host/${room}/include>)
  install(DIRECTORY host/${room}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT host)
endforeach()
# The start info's structures, for who looks into a plan's bytes.
install(DIRECTORY abi/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT host)
install(TARGETS pvh_host EXPORT pvh-host
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT host INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT pvh-host NAMESPACE pvh:: FILE pvh-host-targets.cmake DESTINATION ${pvh_package_dir} COMPONENT host)

configure_package_config_file(cmake/pvh-config.cmake.in ${PROJECT_BINARY_DIR}/pvh-config.cmake
  INSTALL_DESTINATION ${pvh_package_dir} PATH_VARS pvh_script_dir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pvh-config-version.cmake COMPATIBILITY SameMinorVersion)
foreach(component guest host)
  install(FILES ${PROJECT_BINARY_DIR}/pvh-config.cmake ${PROJECT_BINARY_DIR}/pvh-config-version.cmake
          DESTINATION ${pvh_package_dir} COMPONENT ${component})
endforeach()
install(FILES cmake/freestanding.cmake DESTINATION ${pvh_package_dir} COMPONENT guest)

# The files find each other from where they lie, unless a folder is given as an absolute path.
if(IS_ABSOLUTE ${pvh_config_dir})
  set(pvh_pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH pvh_pc_prefix /${pvh_config_dir} /)
  string(PREPEND pvh_pc_prefix "\${pcfiledir}/")
endif()
foreach(folder LIBDIR INCLUDEDIR DATADIR)
  set(pvh_pc_${folder} ${CMAKE_INSTALL_${folder}})
  if(NOT IS_ABSOLUTE ${pvh_pc_${folder}})
    string(PREPEND pvh_pc_${folder} "\${prefix}/")
  endif()
endforeach()
configure_file(cmake/pvh-host.pc.in ${PROJECT_BINARY_DIR}/pvh-host.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pvh-host.pc DESTINATION ${pvh_config_dir} COMPONENT host)
# pkg-config has no targets, so each width has its files: pvh-guest and pvh-entry for 64 bits, pvh-guest32 and pvh-entry32.
foreach(bits 64 32)
  string(REPLACE 64 "" suffix ${bits})
  foreach(part guest entry)
    configure_file(cmake/pvh-${part}.pc.in ${PROJECT_BINARY_DIR}/pvh-${part}${suffix}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/pvh-${part}${suffix}.pc DESTINATION ${pvh_config_dir} COMPONENT guest)
  endforeach()
endforeach()

if(NOT BUILD_TESTING)
  return()
endif()
add_test(NAME install
         COMMAND ${PROJECT_SOURCE_DIR}/tests/install_test.sh ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR}/examples/kernel)
set_tests_properties(install PROPERTIES LABELS install SKIP_RETURN_CODE 77 TIMEOUT 300)
add_test(NAME install.first-kernel
         COMMAND ${PROJECT_SOURCE_DIR}/tests/page_test.sh ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} first-kernel)
set_tests_properties(install.first-kernel PROPERTIES LABELS install SKIP_RETURN_CODE 77 TIMEOUT 300)
# A sanitized archive links only with its sanitizers, which a program outside of this tree does not have. The other tests here build in
# folders of their own, so one of the builds is enough.
if(NOT PVH_SANITIZE)
  add_test(NAME install.host COMMAND ${PROJECT_SOURCE_DIR}/tests/install_host_test.sh ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
  add_test(NAME install.monitor
           COMMAND ${PROJECT_SOURCE_DIR}/tests/page_test.sh ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} monitor)
  set_tests_properties(install.host install.monitor PROPERTIES LABELS install SKIP_RETURN_CODE 77 TIMEOUT 300)
  add_test(NAME install.folders COMMAND ${PROJECT_SOURCE_DIR}/tests/install_folders_test.sh ${PROJECT_SOURCE_DIR})
  add_test(NAME install.unbuilt COMMAND ${PROJECT_SOURCE_DIR}/tests/install_unbuilt_test.sh ${PROJECT_SOURCE_DIR})
  add_test(NAME install.version
           COMMAND ${PROJECT_SOURCE_DIR}/tests/version_test.sh ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR} ${PROJECT_VERSION})
  set_tests_properties(install.folders install.unbuilt install.version PROPERTIES LABELS install SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()
