# SPDX-License-Identifier: Apache-2.0
# sy_room(NAME sy_scoring SOURCES a.c b.c LIBS sy_topology [PRIVATE_LIBS PkgConfig::X])
# A room: one static library. LIBS are the rooms whose headers its own headers include.
function(sy_room)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LIBS;PRIVATE_LIBS")
    add_library(${arg_NAME} STATIC ${arg_SOURCES})
    target_include_directories(${arg_NAME} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${arg_NAME} PUBLIC ${arg_LIBS} PRIVATE sy_flags ${arg_PRIVATE_LIBS})
endfunction()

# sy_program(NAME switchyard-extender SOURCES main.c LIBS sy_extender_lib)
# A program, in bin/ of the build folder.
function(sy_program)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LIBS")
    add_executable(${arg_NAME} ${arg_SOURCES})
    target_link_libraries(${arg_NAME} PRIVATE sy_flags ${arg_LIBS})
endfunction()
