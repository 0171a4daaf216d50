// SPDX-License-Identifier: MIT
// include/nt_ddk.hpp
//
// The DDK headers, usable from C++ and without SSE. In ntoskrnl.exe and hal.dll (RD_BUILDING_KERNEL, RD_BUILDING_HAL)
// the declarations lose their dllimport, so the exports can be defined with the signatures drivers see.
#pragma once
#ifdef RD_BUILDING_KERNEL
#define _NTOSKRNL_  // NTKERNELAPI
#define _NTSYSTEM_  // NTSYSAPI
#define _NTHALDLL_  // NTHALAPI
#endif
#ifdef RD_BUILDING_HAL
#define _NTHALDLL_
#endif
// mingw's intrin.h and wdm.h both define these two inline, differently; and this fence needs SSE.
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#define __INTRINSIC_DEFINED___faststorefence
#include <ntifs.h>
// ntifs.h redefines these names as macros for its callers; we mean our own identifiers.
#undef HalDispatchTable
#undef min
#undef max
typedef struct _KTHREAD KTHREAD;
typedef struct _ETHREAD ETHREAD;
typedef struct _KINTERRUPT KINTERRUPT;
