# What both architectures share: compilers, no C run time, no exceptions, no start files; rundown_add_sys() for one image.
set(CMAKE_C_COMPILER ${RUNDOWN_TRIPLET}-gcc)
set(CMAKE_CXX_COMPILER ${RUNDOWN_TRIPLET}-g++)
set(CMAKE_DLLTOOL ${RUNDOWN_TRIPLET}-dlltool)
set(CMAKE_OBJCOPY ${RUNDOWN_TRIPLET}-objcopy)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_EXTENSIONS ON)
# The compiler may not use vector registers: the kernel does not save them at interrupts.
set(RUNDOWN_KERNEL_FLAGS
    -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident -fno-strict-aliasing
    -mno-mmx -mno-sse -mno-sse2 -mno-80387 -O2 -g -Wall -Wextra -Werror -Wno-unknown-pragmas
    -Wno-unused-parameter -Wno-unused-local-typedefs -Wno-attributes
    -Wno-array-bounds) # GCC 12 sees an array of size 0 behind every inline gs: read
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    list(REMOVE_ITEM RUNDOWN_KERNEL_FLAGS -fno-asynchronous-unwind-tables) # .pdata is wanted
    list(APPEND RUNDOWN_KERNEL_FLAGS -mno-red-zone)
endif()
set(RUNDOWN_KERNEL_CXX_FLAGS -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-use-cxa-atexit)

# rundown_add_sys(name ENTRY symbol SOURCES ... LIBS ... [SUFFIX .sys|.exe|.dll] [OPTIONS ...])
# One native-subsystem PE image. Debug information goes to <name>.debug beside it; the image itself is stripped.
function(rundown_add_sys name)
    cmake_parse_arguments(arg "" "ENTRY;SUFFIX" "SOURCES;LIBS;OPTIONS;INCLUDES" ${ARGN})
    if(NOT arg_SUFFIX)
        set(arg_SUFFIX .sys)
    endif()
    add_executable(${name} ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES SUFFIX ${arg_SUFFIX} OUTPUT_NAME ${name})
    target_include_directories(${name} PRIVATE ${arg_INCLUDES})
    target_include_directories(${name} SYSTEM PRIVATE /usr/share/mingw-w64/include/ddk)
    target_compile_options(${name} PRIVATE ${RUNDOWN_KERNEL_FLAGS}
        $<$<COMPILE_LANGUAGE:CXX>:${RUNDOWN_KERNEL_CXX_FLAGS}>)
    if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
        set(entry ${arg_ENTRY})
    else()
        set(entry _${arg_ENTRY}@8)
    endif()
    target_link_options(${name} PRIVATE -nostdlib -nostartfiles -Wl,--subsystem,native -Wl,--entry,${entry}
        -Wl,--file-alignment,0x200 -Wl,--section-alignment,0x1000 -Wl,--dynamicbase -Wl,--nxcompat
        -Wl,--no-insert-timestamp ${arg_OPTIONS})
    target_link_libraries(${name} PRIVATE ${arg_LIBS})
    add_custom_command(TARGET ${name} POST_BUILD
        COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${name}> $<TARGET_FILE:${name}>.debug
        COMMAND ${CMAKE_OBJCOPY} --strip-debug $<TARGET_FILE:${name}>)
endfunction()
