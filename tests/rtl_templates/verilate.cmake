# Verilates one test top and joins its C++ files to a single one, all.cpp, which compiles faster.
# cmake -DVERILATOR= -DTOP= -DOUT= -DLIBRARY= -DSOURCE= -P verilate.cmake
get_filename_component(FOLDER "${SOURCE}" DIRECTORY)
file(REMOVE_RECURSE "${OUT}")
execute_process(
  COMMAND ${VERILATOR} --cc -Wall --assert -O3 --x-assign unique --x-initial unique
          --Mdir ${OUT} --prefix V${TOP} --top-module ${TOP} -y ${LIBRARY} -y ${FOLDER} ${SOURCE}
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "verilator failed on ${SOURCE}")
endif()
file(GLOB parts RELATIVE "${OUT}" "${OUT}/*.cpp")
list(SORT parts)
set(text "")
foreach(part IN LISTS parts)
  string(APPEND text "#include \"${part}\"\n")
endforeach()
file(WRITE "${OUT}/all.cpp" "${text}")
