// SPDX-License-Identifier: MIT
// arch/exception.hpp
//
// Frame-based exception handling on x64: unwinding by .pdata and dispatch to language handlers.
// https://learn.microsoft.com/cpp/build/exception-handling-x64
#pragma once
#include "nt_internal.hpp"

constexpr UCHAR UNWIND_EXCEPTION_HANDLER = 1, UNWIND_TERMINATION_HANDLER = 2, UNWIND_CHAINED = 4;
constexpr ULONG KI_EXCEPTION_UNWINDING = 2, KI_EXCEPTION_EXIT_UNWIND = 4, KI_EXCEPTION_TARGET_UNWIND = 0x20,
                KI_EXCEPTION_COLLIDED_UNWIND = 0x40;

struct KI_DISPATCHER_CONTEXT;
typedef int (*KI_EXCEPTION_ROUTINE)(PEXCEPTION_RECORD record, ULONG64 frame, PCONTEXT context, KI_DISPATCHER_CONTEXT* dispatcher);

/// What a language handler is given; the layout of Windows' DISPATCHER_CONTEXT.
struct KI_DISPATCHER_CONTEXT {
    ULONG64 ControlPc, ImageBase;
    const RUNTIME_FUNCTION* FunctionEntry;
    ULONG64 EstablisherFrame, TargetIp;
    PCONTEXT ContextRecord;
    KI_EXCEPTION_ROUTINE LanguageHandler;
    PVOID HandlerData;
    PVOID HistoryTable;
    ULONG ScopeIndex, Fill;
};

extern "C" {
/// Moves *context from a function to its caller. False when the stack cannot be followed further. Any IRQL; touches only
/// mapped memory.
BOOLEAN KiUnwindFrame(PCONTEXT context);
/// The function that contains `pc`; null: a leaf, or no module's code.
const RUNTIME_FUNCTION* KiLookupFunction(ULONG64 pc, ULONG64* base);
/// One frame, with the handler of the wanted kind (or null) and the frame it would be called for.
KI_EXCEPTION_ROUTINE KiVirtualUnwind(
    ULONG wanted, ULONG64 base, ULONG64 pc, const RUNTIME_FUNCTION* function, PCONTEXT context, PVOID* handler_data,
    ULONG64* frame, BOOLEAN* good);
/// Offers the exception to the handlers on the stack. Returns when one said "continue execution" (*context is where);
/// unhandled exceptions stop the guest.
VOID KiRaise(PEXCEPTION_RECORD record, PCONTEXT context);
VOID KiRestoreContext(PCONTEXT context);
}
