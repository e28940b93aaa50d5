# SPDX-License-Identifier: Apache-2.0
# How every file of ours is compiled: one INTERFACE target, linked PRIVATE by all of our targets
# (sy_room and sy_program do it), so that nothing leaks into CMAKE_C_FLAGS.
include(CheckCCompilerFlag)
include(CheckPIESupported)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # statement expressions, cleanup attributes
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
check_pie_supported(LANGUAGES C)

add_library(sy_flags INTERFACE)
target_include_directories(sy_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(sy_flags INTERFACE
    ${SY_OPTIMIZE} -g -fvisibility=hidden
    -ffp-contract=off # a fused multiply-add would make scores differ between machines
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla
    -Wformat=2 -Wcast-align -Wswitch-enum)
if(SY_WERROR)
    target_compile_options(sy_flags INTERFACE -Werror)
endif()

# Asserts stay on in every build: no NDEBUG anywhere.
if(SY_HARDEN AND NOT SY_SANITIZE)
    target_compile_definitions(sy_flags INTERFACE _FORTIFY_SOURCE=2)
    target_compile_options(sy_flags INTERFACE -fstack-protector-strong)
    foreach(flag stack-clash-protection cf-protection) # not on every architecture
        string(MAKE_C_IDENTIFIER SY_HAVE_${flag} have)
        check_c_compiler_flag(-f${flag} ${have})
        if(${have})
            target_compile_options(sy_flags INTERFACE -f${flag})
        endif()
    endforeach()
    target_link_options(sy_flags INTERFACE LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
endif()

if(SY_SANITIZE)
    target_compile_options(sy_flags INTERFACE
        -fsanitize=${SY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(sy_flags INTERFACE -fsanitize=${SY_SANITIZE})
endif()

if(SY_FUZZ)
    target_compile_options(sy_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(SY_COVERAGE)
    target_compile_options(sy_flags INTERFACE --coverage)
    target_link_options(sy_flags INTERFACE --coverage)
endif()
