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

# sy_embed(OUT INPUT policy/default.yaml ARRAY sy_policy_default HEADER scoring/policy_private.h)
# A file compiled in: ${OUT} is the C source, to be listed in the room's SOURCES, that defines ARRAY
# and ARRAY_len as HEADER declares them.
function(sy_embed out)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "INPUT;ARRAY;HEADER" "")
    set(input ${CMAKE_CURRENT_SOURCE_DIR}/${arg_INPUT})
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${arg_ARRAY}.c)
    set(script ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${input})
    add_custom_command(OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DNAME=${name} -DARRAY=${arg_ARRAY}
                -DHEADER=${arg_HEADER} -DOUTPUT=${output} -P ${script}
        DEPENDS ${input} ${script} VERBATIM)
    set(${out} ${output} PARENT_SCOPE)
endfunction()
