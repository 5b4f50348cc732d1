# Verilates SOURCES into MODEL and writes all.cpp there, which includes every generated source.
file(REMOVE_RECURSE "${MODEL}")
execute_process(
  COMMAND ${VERILATOR} --cc -O3 --assert --x-assign unique --x-initial unique --Mdir ${MODEL}
          --prefix Vlibrary --top-module ${TOP} ${SOURCES}
  RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "verilator failed")
endif()
file(GLOB parts "${MODEL}/*.cpp")
set(text "// Everything that Verilator made of ${TOP}.\n")
foreach(part IN LISTS parts)
  get_filename_component(name "${part}" NAME)
  string(APPEND text "#include \"${name}\"\n")
endforeach()
file(WRITE "${MODEL}/all.cpp" "${text}")
