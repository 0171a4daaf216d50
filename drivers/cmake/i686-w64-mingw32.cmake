# Cross-compiles kernel-mode PE32 images with Debian's mingw-w64.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(RUNDOWN_TRIPLET i686-w64-mingw32)
include(${CMAKE_CURRENT_LIST_DIR}/kernel-mode.cmake)
