# `cmake --install`: what a kernel outside of this tree needs. Headers, archives, linker script; a CMake package and pkg-config
# files, both of which find their files from where they lie, so that the tree can be moved.
# Component "guest" is that alone.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(pvh_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pvh)
set(pvh_script_dir ${CMAKE_INSTALL_DATADIR}/pvh)
set(pvh_config_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set_target_properties(pvh_abi PROPERTIES EXPORT_NAME abi)
install(TARGETS pvh_abi pvh_guest_freestanding64 pvh_guest_freestanding32 pvh_entry64 pvh_entry32 EXPORT pvh
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT guest INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY abi/include/ guest/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT guest)
install(FILES guest/entry/kernel.ld DESTINATION ${pvh_script_dir} COMPONENT guest)

install(EXPORT pvh NAMESPACE pvh:: FILE pvh-targets.cmake DESTINATION ${pvh_package_dir} COMPONENT guest)
configure_package_config_file(cmake/pvh-config.cmake.in ${PROJECT_BINARY_DIR}/pvh-config.cmake
  INSTALL_DESTINATION ${pvh_package_dir} PATH_VARS pvh_script_dir NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pvh-config-version.cmake COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/pvh-config.cmake ${PROJECT_BINARY_DIR}/pvh-config-version.cmake cmake/freestanding.cmake
        DESTINATION ${pvh_package_dir} COMPONENT guest)

# pkg-config has no targets, so each width has its files: pvh-guest and pvh-entry for 64 bits, pvh-guest32 and pvh-entry32.
file(RELATIVE_PATH pvh_prefix_from_config /${pvh_config_dir} /)
foreach(bits 64 32)
  string(REPLACE 64 "" suffix ${bits})
  foreach(part guest entry)
    configure_file(cmake/pvh-${part}.pc.in ${PROJECT_BINARY_DIR}/pvh-${part}${suffix}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/pvh-${part}${suffix}.pc DESTINATION ${pvh_config_dir} COMPONENT guest)
  endforeach()
endforeach()

add_test(NAME install
         COMMAND ${PROJECT_SOURCE_DIR}/tests/install_test.sh ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR}/examples/kernel)
set_tests_properties(install PROPERTIES LABELS install SKIP_RETURN_CODE 77 TIMEOUT 300)
add_test(NAME install.first-kernel COMMAND ${PROJECT_SOURCE_DIR}/tests/page_test.sh ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
set_tests_properties(install.first-kernel PROPERTIES LABELS install SKIP_RETURN_CODE 77 TIMEOUT 300)
