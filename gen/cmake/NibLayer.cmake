# nib_layer(name SEES layers... [PUBLIC libs...] [PRIVATE libs...]): one folder, one static library.
#
# A layer's headers are reached as "nib/<layer>/x.h" through a link of its own in the build tree,
# and a target carries the include paths of just the layers that it links: including a header of a
# layer that stands further right does not compile.
# Clang counts -Wsign-conversion among -Wconversion; g++ does not.
set(NIB_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
                 $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)

function(nib_layer name)
  cmake_parse_arguments(ARG "" "DIR" "SEES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT ARG_DIR)
    set(ARG_DIR "${CMAKE_CURRENT_SOURCE_DIR}/${name}")
  endif()
  set(stage "${PROJECT_BINARY_DIR}/include/${name}")
  file(MAKE_DIRECTORY "${stage}/nib")
  file(CREATE_LINK "${ARG_DIR}" "${stage}/nib/${name}" SYMBOLIC)

  file(GLOB sources CONFIGURE_DEPENDS "${ARG_DIR}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  list(TRANSFORM ARG_SEES PREPEND nib_ OUTPUT_VARIABLE seen)
  if(sources)
    add_library(nib_${name} STATIC ${sources})
    target_compile_options(nib_${name} PRIVATE ${NIB_WARNINGS})
    target_link_libraries(nib_${name} PUBLIC ${seen} ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
    target_include_directories(nib_${name} PUBLIC
      "$<BUILD_INTERFACE:${stage}>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
    if(NIB_SANITIZE)
      target_compile_options(nib_${name} PUBLIC -fsanitize=address,undefined
                             -fno-sanitize-recover=all -fno-omit-frame-pointer)
      target_link_options(nib_${name} PUBLIC -fsanitize=address,undefined)
    endif()
  else()
    add_library(nib_${name} INTERFACE)
    target_link_libraries(nib_${name} INTERFACE ${seen} ${ARG_PUBLIC})
    target_include_directories(nib_${name} INTERFACE
      "$<BUILD_INTERFACE:${stage}>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  endif()
  add_library(nib::${name} ALIAS nib_${name})
  set_target_properties(nib_${name} PROPERTIES EXPORT_NAME ${name})
  set_property(GLOBAL APPEND PROPERTY NIB_LAYERS ${name})
  set_property(GLOBAL PROPERTY NIB_LAYER_DIR_${name} "${ARG_DIR}")
endfunction()

# nib_embed(target files...): text files as string constants, looked up by nib::resource(name), so
# that an installed nib needs no data folder. The name is the path relative to the checkout.
function(nib_embed target)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/resources_data.cpp")
  string(REPLACE ";" "|" files "${ARGN}")
  add_custom_command(OUTPUT "${out}"
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DROOT=${PROJECT_SOURCE_DIR} "-DFILES=${files}"
            -P "${PROJECT_SOURCE_DIR}/gen/cmake/embed.cmake"
    DEPENDS ${ARGN} "${PROJECT_SOURCE_DIR}/gen/cmake/embed.cmake" VERBATIM)
  target_sources(${target} PRIVATE "${out}")
endfunction()
