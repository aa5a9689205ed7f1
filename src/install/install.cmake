# What `cmake --install` puts where: the command with its man page and completion, both libraries, the header, and the
# files by which CMake and pkg-config find them. No file names the prefix, so that the tree can be moved (unless a folder
# of it was configured as an absolute path).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(made ${PROJECT_BINARY_DIR}/install)

# ---- The libraries ----

# Outside, what dragoman.h declares is seen and nothing else, under a version of its own. Hidden visibility alone is not
# enough: it does not reach the functions that GCC makes of those with target_clones.
set(header ${PROJECT_SOURCE_DIR}/include/dragoman/dragoman.h)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
file(STRINGS ${header} declared REGEX "^DM_API ")
list(TRANSFORM declared REPLACE "^DM_API [^(]*(dm_[a-z0-9_]+)\\(.*" "\\1")
string(REPLACE ";" ";\n        " exported "${declared}")
file(CONFIGURE OUTPUT ${made}/libdragoman.map @ONLY CONTENT "LIBDRAGOMAN_@PROJECT_VERSION_MAJOR@ {
    global:
        @exported@;
    local: *;
};
")

set_target_properties(libdragoman libdragoman_shared PROPERTIES OUTPUT_NAME dragoman)
set_target_properties(libdragoman PROPERTIES EXPORT_NAME dragoman-static)
set_target_properties(libdragoman_shared PROPERTIES EXPORT_NAME dragoman VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${made}/libdragoman.map)
target_link_options(libdragoman_shared PRIVATE LINKER:--version-script=${made}/libdragoman.map)

# What a program that is linked with the static library needs beside it. The shared one brings it along.
set(static_needs ${SENTENCEPIECE_LDFLAGS} ${CJSON_LDFLAGS} ${OPENBLAS_LDFLAGS} ${ZLIB_LDFLAGS} ${ZSTD_LDFLAGS})
if(dnnl_FOUND)
    get_filename_component(folder ${DNNL_LIBRARY} DIRECTORY)
    list(APPEND static_needs -L${folder} -ldnnl)
endif()
set(cxx_library ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(FILTER cxx_library INCLUDE REGEX "c\\+\\+")  # stdc++ or c++: the linker of a C program does not add it
list(APPEND static_needs -l${cxx_library} ${OpenMP_C_FLAGS} -lm)
list(REMOVE_DUPLICATES static_needs)
target_link_libraries(libdragoman INTERFACE "$<INSTALL_INTERFACE:${static_needs}>")
target_include_directories(libdragoman_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_include_directories(libdragoman INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

install(TARGETS dragoman)
install(TARGETS libdragoman libdragoman_shared EXPORT dragoman)
if(TARGET dragoman_mpi)
    install(TARGETS dragoman_mpi LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(DIRECTORY include/dragoman DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)

# ---- How CMake and pkg-config find them ----

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/dragoman)
install(EXPORT dragoman NAMESPACE dragoman:: DESTINATION ${package} FILE dragoman-targets.cmake)
configure_package_config_file(${here}/dragoman-config.cmake.in ${made}/dragoman-config.cmake
    INSTALL_DESTINATION ${package})
write_basic_package_version_file(${made}/dragoman-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${made}/dragoman-config.cmake ${made}/dragoman-config-version.cmake DESTINATION ${package})

string(REPLACE ";" " " libs_private "${static_needs}")
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR} OR IS_ABSOLUTE ${CMAKE_INSTALL_INCLUDEDIR})
    set(pc_prefix ${CMAKE_INSTALL_PREFIX})
    set(pc_libdir ${CMAKE_INSTALL_FULL_LIBDIR})
    set(pc_includedir ${CMAKE_INSTALL_FULL_INCLUDEDIR})
else()
    file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${up}")
    set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(${here}/dragoman.pc.in ${made}/dragoman.pc @ONLY)
install(FILES ${made}/dragoman.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# ---- What the command writes about itself ----

foreach(format bash zsh man)
    add_custom_command(OUTPUT ${made}/${format} COMMAND dragoman docs ${format} > ${made}/${format}
        DEPENDS dragoman VERBATIM)
    list(APPEND pages ${made}/${format})
endforeach()
add_custom_target(docs ALL DEPENDS ${pages})
install(FILES ${made}/man DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 RENAME dragoman.1)
install(FILES ${made}/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME dragoman)
install(FILES ${made}/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _dragoman)
