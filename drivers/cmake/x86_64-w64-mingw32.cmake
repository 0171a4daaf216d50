# Cross-compiles kernel-mode PE32+ images with Debian's mingw-w64.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(RUNDOWN_TRIPLET x86_64-w64-mingw32)
include(${CMAKE_CURRENT_LIST_DIR}/kernel-mode.cmake)
