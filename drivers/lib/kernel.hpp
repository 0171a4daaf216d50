// SPDX-License-Identifier: MIT
// lib/kernel.hpp
//
// mingw's DDK headers in a state that C++ without SSE can include. Everything of lib/ that is not
// pure starts here.
#pragma once

// mingw's intrin.h and wdm.h define these two differently, and the third needs SSE; nobody here
// calls them.
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#define __INTRINSIC_DEFINED___faststorefence
#include <ntddk.h>

#undef min
#undef max
