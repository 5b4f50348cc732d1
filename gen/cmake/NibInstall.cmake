# Install rules: the command, the layers' libraries and headers, and find_package(nib).
include(CMakePackageConfigHelpers)

get_property(layers GLOBAL PROPERTY NIB_LAYERS)
list(REMOVE_ITEM layers cli)
list(TRANSFORM layers PREPEND nib_ OUTPUT_VARIABLE targets)

# nib::nib: everything a program needs that uses the generators as a library.
add_library(nib_nib INTERFACE)
target_link_libraries(nib_nib INTERFACE ${targets})
add_library(nib::nib ALIAS nib_nib)
set_target_properties(nib_nib PROPERTIES EXPORT_NAME nib)

install(TARGETS ${targets} nib_nib nib_onnx_proto EXPORT nib
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/nib)
foreach(layer IN LISTS layers)
  get_property(dir GLOBAL PROPERTY NIB_LAYER_DIR_${layer})
  install(DIRECTORY "${dir}/" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/nib/${layer}
          FILES_MATCHING PATTERN "*.h" PATTERN "*.def"
          PATTERN "bench" EXCLUDE PATTERN "targets" EXCLUDE PATTERN "cmake" EXCLUDE)
endforeach()
if(TARGET nib)
  install(TARGETS nib RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET nib_verilated)
  # What `nib verify` links its simulations with; found relative to the command.
  install(TARGETS nib_verilated ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/nib)
endif()

install(EXPORT nib NAMESPACE nib:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/nib)
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/gen/cmake/nib-config.cmake.in" "${PROJECT_BINARY_DIR}/nib-config.cmake"
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/nib)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/nib-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/nib-config.cmake"
              "${PROJECT_BINARY_DIR}/nib-config-version.cmake"
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/nib)
