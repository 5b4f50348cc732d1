# Writes OUT: the text of FILES ('|'-separated, inside ROOT) as pieces of raw string literals.
set(text "// Text files of the checkout, embedded by gen/cmake/embed.cmake.\n")
string(APPEND text "#include <array>\n#include <string_view>\n#include <utility>\n\n")
string(APPEND text "namespace nib::resources {\n"
                   "const std::pair<std::string_view, std::string_view>* begin();\n"
                   "const std::pair<std::string_view, std::string_view>* end();\n")
string(REPLACE "|" ";" files "${FILES}")
set(rows "")
set(count 0)
foreach(file IN LISTS files)
  file(RELATIVE_PATH name "${ROOT}" "${file}")
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(APPEND text "static constexpr char kFile${count}[] = {${bytes}'\\0'};\n")
  string(APPEND rows "  {\"${name}\", std::string_view(kFile${count}, ${size})},\n")
  math(EXPR count "${count} + 1")
endforeach()
set(table "std::array<std::pair<std::string_view, std::string_view>, ${count}> kTable")
set(row "const std::pair<std::string_view, std::string_view>*")
string(APPEND text "const ${table}{{\n${rows}}};\n"
                   "${row} begin() { return kTable.data(); }\n"
                   "${row} end() { return kTable.data() + kTable.size(); }\n"
                   "}  // namespace nib::resources\n")
file(WRITE "${OUT}" "${text}")
