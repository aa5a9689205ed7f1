# Makes a C file of the pages of this folder: cmake -DOUT=FILE -P embed.cmake. They are edited as what they are, and the
# program needs no folder beside it. The page of `serve` stays in several files; that of `report` becomes one, with its
# style and its scripts in it, cut in two where its figures go.
set(here ${CMAKE_CURRENT_LIST_DIR})
set(serve_files serve.html page.css attention.css serve.css page.js attention.js serve.js)
set(type_html "text/html; charset=utf-8")
set(type_css "text/css")
set(type_js "text/javascript")
set(out "// Made by embed.cmake.\n#include \"page/page.h\"\n\n")

function(add_array name text)
    string(HEX "${text}" bytes)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    set(out "${out}static const unsigned char ${name}[] = {${bytes}};\n" PARENT_SCOPE)
endfunction()

# ---- The page of dragoman serve ----

set(rows "")
foreach(file ${serve_files})
    file(READ ${here}/${file} text)
    string(MAKE_C_IDENTIFIER ${file} array)
    add_array(${array} "${text}")
    string(REGEX REPLACE ".*[.]" "" type ${file})
    string(REGEX REPLACE "^serve.html$" "" path ${file})
    string(APPEND rows "    {\"/${path}\", \"${type_${type}}\", ${array}, sizeof ${array}},\n")
endforeach()
string(APPEND out "const PageFile page_files[] = {\n${rows}    {.path = NULL},\n};\n\n")

# ---- The page of dragoman report ----

file(READ ${here}/report.html page)
string(REGEX MATCHALL "<link rel=\"stylesheet\" href=\"[a-z]+.css\">|<script src=\"[a-z]+.js\"></script>" tags "${page}")
foreach(tag ${tags})
    string(REGEX REPLACE ".*(href|src)=\"([^\"]*)\".*" "\\2" file ${tag})
    file(READ ${here}/${file} text)
    string(REGEX REPLACE "^<link.*" "style" kind ${tag})
    string(REGEX REPLACE "^<script.*" "script" kind ${kind})
    string(REPLACE "${tag}" "<${kind}>\n${text}</${kind}>" page "${page}")
endforeach()
set(place "<script id=\"figures\" type=\"application/json\">")
string(FIND "${page}" "${place}" at)
if(at LESS 0 OR NOT tags)
    message(FATAL_ERROR "report.html has no place for the figures, or no style and scripts")
endif()
string(LENGTH "${place}" length)
math(EXPR at "${at} + ${length}")
string(SUBSTRING "${page}" 0 ${at} before)
string(SUBSTRING "${page}" ${at} -1 behind)
foreach(part before behind)
    add_array(${part} "${${part}}")
    string(APPEND out "const PageFile report_${part} = {.bytes = ${part}, .size = sizeof ${part}};\n")
endforeach()
file(WRITE ${OUT} "${out}")
