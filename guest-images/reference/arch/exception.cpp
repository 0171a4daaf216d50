// SPDX-License-Identifier: MIT
// arch/exception.cpp
//
// Raising exceptions, finding their handlers, and unwinding to the one that takes them; and the language handler of C's
// __try (compilers of drivers put its address into .xdata).
#include "arch/cpu.hpp"
#include "arch/exception.hpp"
#include "ke/ki.hpp"

namespace {

enum Disposition { kContinueExecution = 0, kContinueSearch = 1, kNested = 2, kCollided = 3 };
constexpr ULONG kNonContinuable = 1;

bool on_stack(ULONG64 frame) {
    const KTHREAD* thread = KeGetCurrentThread();
    return !thread || (frame >= reinterpret_cast<ULONG64>(thread->StackLimit) &&
                       frame < reinterpret_cast<ULONG64>(thread->StackBase));
}

[[noreturn]] void unhandled(PEXCEPTION_RECORD record, PCONTEXT context) {
    // Exceptions of system threads that nobody handles; 0x1E is the same from interrupts and DPCs.
    const KI_PCR* pcr = KiCurrentPcr();
    const bool raised = cpu::irql() >= DISPATCH_LEVEL || pcr->DpcActive;
    const ULONG64 code = static_cast<ULONG64>(static_cast<LONG64>(record->ExceptionCode));
    const ULONG64 where = reinterpret_cast<ULONG64>(record->ExceptionAddress);
    if (raised)
        KiBugCheckContext(0x1E, code, where, record->ExceptionInformation[0], record->ExceptionInformation[1], context);
    KiBugCheckContext(
        0x7E, code, where, reinterpret_cast<ULONG64>(record), reinterpret_cast<ULONG64>(context), context);
}

[[noreturn]] void raise_status(NTSTATUS code, ULONG64 caller, ULONG parameters = 0, ULONG64 p0 = 0, ULONG64 p1 = 0) {
    CONTEXT context;
    RtlCaptureContext(&context);
    EXCEPTION_RECORD record = {};
    record.ExceptionCode = code;
    record.ExceptionFlags = kNonContinuable;
    record.ExceptionAddress = reinterpret_cast<PVOID>(caller);
    record.NumberParameters = parameters;
    record.ExceptionInformation[0] = p0;
    record.ExceptionInformation[1] = p1;
    KiRaise(&record, &context);
    KiBugCheckContext(0x1E, static_cast<ULONG64>(code), caller, 0, 0, &context);  // a filter tried to continue it
}

}  // namespace

extern "C" VOID KiRaise(PEXCEPTION_RECORD record, PCONTEXT context) {
    CONTEXT walk = *context;
    for (;;) {
        ULONG64 base;
        const ULONG64 pc = walk.Rip;
        const RUNTIME_FUNCTION* function = KiLookupFunction(pc, &base);
        if (!function) {
            if (!KiUnwindFrame(&walk)) break;
            continue;
        }
        KI_DISPATCHER_CONTEXT dispatcher = {};
        BOOLEAN good;
        KI_EXCEPTION_ROUTINE handler = KiVirtualUnwind(
            UNWIND_EXCEPTION_HANDLER, base, pc, function, &walk, &dispatcher.HandlerData, &dispatcher.EstablisherFrame, &good);
        if (!good || !on_stack(dispatcher.EstablisherFrame)) break;
        if (!handler) continue;
        dispatcher.ControlPc = pc;
        dispatcher.ImageBase = base;
        dispatcher.FunctionEntry = function;
        dispatcher.ContextRecord = &walk;
        dispatcher.LanguageHandler = handler;
        const int disposition = handler(record, dispatcher.EstablisherFrame, context, &dispatcher);
        if (disposition == kContinueExecution) {
            if (record->ExceptionFlags & kNonContinuable) break;
            return;
        }
        if (disposition != kContinueSearch) break;
    }
    unhandled(record, context);
}

/// Runs the termination handlers of every frame below `target_frame`, then continues at `target_ip` in it with RAX =
/// `value`. Does not return.
extern "C" VOID NTAPI KiExportUnwindEx(
    PVOID target_frame, PVOID target_ip, PEXCEPTION_RECORD record, PVOID value, PCONTEXT context, PVOID) {
    EXCEPTION_RECORD own = {};
    if (!record) {
        own.ExceptionCode = STATUS_UNWIND;
        record = &own;
    }
    CONTEXT current;
    RtlCaptureContext(&current);
    record->ExceptionFlags |= KI_EXCEPTION_UNWINDING | (target_frame ? 0 : KI_EXCEPTION_EXIT_UNWIND);
    for (;;) {
        CONTEXT previous = current;
        ULONG64 base;
        const RUNTIME_FUNCTION* function = KiLookupFunction(current.Rip, &base);
        if (!function) {
            if (!KiUnwindFrame(&current)) break;
            continue;
        }
        KI_DISPATCHER_CONTEXT dispatcher = {};
        BOOLEAN good;
        KI_EXCEPTION_ROUTINE handler = KiVirtualUnwind(
            UNWIND_TERMINATION_HANDLER, base, current.Rip, function, &previous, &dispatcher.HandlerData,
            &dispatcher.EstablisherFrame, &good);
        if (!good || !on_stack(dispatcher.EstablisherFrame)) break;
        const bool target = dispatcher.EstablisherFrame == reinterpret_cast<ULONG64>(target_frame);
        if (handler) {
            if (target) record->ExceptionFlags |= KI_EXCEPTION_TARGET_UNWIND;
            dispatcher.ControlPc = current.Rip;
            dispatcher.ImageBase = base;
            dispatcher.FunctionEntry = function;
            dispatcher.TargetIp = reinterpret_cast<ULONG64>(target_ip);
            dispatcher.ContextRecord = &current;
            dispatcher.LanguageHandler = handler;
            current.Rax = reinterpret_cast<ULONG64>(value);
            handler(record, dispatcher.EstablisherFrame, &current, &dispatcher);
        }
        if (target) {
            if (context) *context = current;
            current.Rax = reinterpret_cast<ULONG64>(value);
            current.Rip = reinterpret_cast<ULONG64>(target_ip);
            KiRestoreContext(&current);
        }
        current = previous;
    }
    KeBugCheckEx(0x1E, static_cast<ULONG_PTR>(STATUS_BAD_STACK), reinterpret_cast<ULONG_PTR>(target_frame), 0, 0);
}

extern "C" VOID NTAPI KiExportUnwind(PVOID target_frame, PVOID target_ip, PEXCEPTION_RECORD record, PVOID value) {
    KiExportUnwindEx(target_frame, target_ip, record, value, nullptr, nullptr);
}

/// The handler of functions with __try/__except/__finally. Scope entries: begin, end, filter or finally, target.
extern "C" int KiCSpecificHandler(PEXCEPTION_RECORD record, ULONG64 frame, PCONTEXT context, KI_DISPATCHER_CONTEXT* dispatcher) {
    struct Scope {
        ULONG begin, end, handler, target;
    };
    const auto* table = static_cast<const ULONG*>(dispatcher->HandlerData);
    const auto* scopes = reinterpret_cast<const Scope*>(table + 1);
    const ULONG64 base = dispatcher->ImageBase;
    const ULONG64 pc = dispatcher->ControlPc - base;
    struct {
        PEXCEPTION_RECORD record;
        PCONTEXT context;
    } pointers = {record, context};
    for (ULONG index = dispatcher->ScopeIndex; index < table[0]; ++index) {
        const Scope& scope = scopes[index];
        if (pc < scope.begin || pc >= scope.end) continue;
        if (record->ExceptionFlags & (KI_EXCEPTION_UNWINDING | KI_EXCEPTION_EXIT_UNWIND)) {
            const ULONG64 target = dispatcher->TargetIp - base;
            if (record->ExceptionFlags & KI_EXCEPTION_TARGET_UNWIND) {
                if (scope.target && scope.target == target) return kContinueSearch;
                if (target >= scope.begin && target < scope.end) continue;  // stays inside this __try
            }
            if (scope.target) continue;
            dispatcher->ScopeIndex = index + 1;
            reinterpret_cast<VOID (*)(BOOLEAN, ULONG64)>(base + scope.handler)(TRUE, frame);
            continue;
        }
        if (!scope.target) continue;
        LONG verdict = 1;
        if (scope.handler != 1)
            verdict = reinterpret_cast<LONG (*)(PVOID, ULONG64)>(base + scope.handler)(&pointers, frame);
        if (verdict < 0) return kContinueExecution;
        if (verdict > 0)
            KiExportUnwindEx(
                reinterpret_cast<PVOID>(frame), reinterpret_cast<PVOID>(base + scope.target), record,
                reinterpret_cast<PVOID>(static_cast<ULONG64>(static_cast<ULONG>(record->ExceptionCode))), nullptr, nullptr);
    }
    return kContinueSearch;
}

/// Any IRQL a handler can deal with. Does not return. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exraisestatus
VOID NTAPI ExRaiseStatus(NTSTATUS Status) { raise_status(Status, KI_CALLER); }
extern "C" VOID NTAPI KiExportRaiseStatus(NTSTATUS status) { raise_status(status, KI_CALLER); }
VOID NTAPI ExRaiseAccessViolation() { raise_status(STATUS_ACCESS_VIOLATION, KI_CALLER); }
VOID NTAPI ExRaiseDatatypeMisalignment() { raise_status(STATUS_DATATYPE_MISALIGNMENT, KI_CALLER); }

extern "C" VOID NTAPI KiExportRestoreContext(PCONTEXT context, PEXCEPTION_RECORD) { KiRestoreContext(context); }

extern "C" VOID NTAPI KiExportRaiseException(PEXCEPTION_RECORD record) {
    CONTEXT context;
    RtlCaptureContext(&context);
    record->ExceptionAddress = reinterpret_cast<PVOID>(KI_CALLER);
    KiRaise(record, &context);
    KiRestoreContext(&context);
}

/// Page faults of the kernel's own careful accesses (probes) come here by ExRaiseStatus.
extern "C" VOID KiRaiseAccessViolation(ULONG64 address, BOOLEAN write) {
    raise_status(STATUS_ACCESS_VIOLATION, KI_CALLER, 2, write, address);
}
