// SPDX-License-Identifier: MIT
// ke/bugcheck.cpp
//
// The end of the guest: two trace records, a text with code, parameters, module and stack on the debug channel, the
// pvpanic device, and a halt with interrupts off. Called at any IRQL and in any state; a second bug check inside the first
// one only says so.
#include "arch/cpu.hpp"
#include "arch/exception.hpp"
#include "ke/ki.hpp"

namespace {

constexpr USHORT kPanicPort = 0x505;
constexpr UCHAR kPanicked = 1;
constexpr int kFramesMax = 24;
bool stopping;

LIST_ENTRY callbacks = {&callbacks, &callbacks};

[[noreturn]] void stop() {
    cpu::out8(kPanicPort, kPanicked);
    for (;;) asm volatile("cli; hlt");
}

void print_address(const char* what, ULONG64 address) {
    char where[96];
    KiDescribeAddress(address, where, sizeof where);
    KiPrint("  %s %p  %s\n", what, address, where);
}

bool is_ndis(const KI_MODULE& module) {
    constexpr char name[] = "ndis.sys";
    for (SIZE_T i = 0; i < sizeof name; ++i)
        if (module.Name[i] != name[i]) return false;
    return true;
}

/// First address on the way up that is in a module, but not the kernel's own: whose doing it was. Where ndis.sys has called the
/// kernel, as it does to stop the guest, it is its caller's doing, if there is one: ndis.sys checks its drivers.
ULONG64 culprit(CONTEXT context) {
    const ULONG64 base = reinterpret_cast<ULONG64>(KiLoaderBlock.KernelBase);
    ULONG64 found_by = 0;
    bool in_kernel = false;
    for (int depth = 0; depth < kFramesMax && context.Rip; ++depth) {
        KI_MODULE module;
        if (context.Rip - base < KiLoaderBlock.KernelSize) {
            in_kernel = true;
        } else if (KiFindModule(context.Rip, &module)) {
            if (!in_kernel || !is_ndis(module)) return context.Rip;
            if (!found_by) found_by = context.Rip;
        }
        if (!KiUnwindFrame(&context)) break;
    }
    return found_by;
}

void print_stack(CONTEXT context) {
    for (int depth = 0; depth < kFramesMax && context.Rip; ++depth) {
        print_address(depth ? "from" : "at  ", context.Rip);
        KI_MODULE module;
        const bool known = KiFindModule(context.Rip, &module);
        RdTraceWrite(
            RD_SOURCE_KERNEL, RD_KIND_NOTE, RD_EV_BUG_CHECK_STACK, 0, 0, context.Rip, static_cast<ULONG64>(depth),
            known ? context.Rip - reinterpret_cast<ULONG64>(module.Base) : 0, known ? LdrNameHash(module.Name) : 0);
        if (!KiUnwindFrame(&context)) break;
    }
}

/// What the parameters point into, where that is a module: callers and routines.
void print_parameters(const ULONG64 (&parameters)[4]) {
    for (ULONG number = 0; number < 4; ++number) {
        KI_MODULE module;
        if (!KiFindModule(parameters[number], &module)) continue;
        char where[96];
        KiDescribeAddress(parameters[number], where, sizeof where);
        KiPrint("  parameter %u %p  %s\n", number + 1, parameters[number], where);
    }
}

void run_callbacks() {
    for (PLIST_ENTRY at = callbacks.Flink; at != &callbacks; at = at->Flink) {
        auto* record = CONTAINING_RECORD(at, KBUGCHECK_CALLBACK_RECORD, Entry);
        if (record->State != BufferInserted) continue;
        record->State = BufferStarted;
        record->CallbackRoutine(record->Buffer, record->Length);
        record->State = BufferFinished;
    }
}

}  // namespace

extern "C" VOID KiBugCheckContext(ULONG code, ULONG64 p1, ULONG64 p2, ULONG64 p3, ULONG64 p4, CONTEXT* context) {
    cpu::interrupts_off();
    if (stopping) {
        KiPrint("bug check %x (%llx %llx %llx %llx) inside a bug check\n", code, p1, p2, p3, p4);
        stop();
    }
    stopping = true;
    const KI_PCR* pcr = KiCurrentPcr();
    const ULONG64 blamed = culprit(*context);
    RdTraceWrite(RD_SOURCE_KERNEL, RD_KIND_NOTE, RD_EV_BUG_CHECK, 0, 0, code, p1, p2, 0);
    RdTraceWrite(RD_SOURCE_KERNEL, RD_KIND_NOTE, RD_EV_BUG_CHECK_MORE, 0, 0, blamed ? blamed : context->Rip, p3, p4, 0);
    KiPrint("*** STOP 0x%8x (0x%p, 0x%p, 0x%p, 0x%p)\n", code, p1, p2, p3, p4);
    if (blamed) print_address("module", blamed);
    KiPrint("  name %s\n", KiBugCheckName(code));
    print_parameters({p1, p2, p3, p4});
    const PKTHREAD thread = pcr->CurrentThread;
    KiPrint(
        "  processor %u, IRQL %u, thread %llu %s%s%s\n", pcr->Number, static_cast<ULONG>(cpu::irql()), thread ? thread->Id : 0,
        thread && thread->Name ? thread->Name : "", pcr->DpcActive ? ", in a DPC" : "",
        pcr->InterruptDepth ? ", in an interrupt service routine" : "");
    if (thread && thread->StartRoutine && !thread->Name) print_address("thread started at", reinterpret_cast<ULONG64>(thread->StartRoutine));
    KiPrint(
        "  rax %p rbx %p rcx %p rdx %p\n  rsi %p rdi %p rbp %p rsp %p\n", context->Rax, context->Rbx, context->Rcx,
        context->Rdx, context->Rsi, context->Rdi, context->Rbp, context->Rsp);
    KiPrint(
        "  r8  %p r9  %p r10 %p r11 %p\n  r12 %p r13 %p r14 %p r15 %p\n", context->R8, context->R9, context->R10,
        context->R11, context->R12, context->R13, context->R14, context->R15);
    print_stack(*context);
    run_callbacks();
    KiPrint("*** halted\n");
    stop();
}

/// The address in the driver that has called into the kernel: the first on the stack that is not the kernel's. 0: there is none.
extern "C" ULONG64 KiDriverCaller() {
    CONTEXT context;
    RtlCaptureContext(&context);
    return culprit(context);
}

extern "C" VOID KiBugCheckFrame(ULONG code, ULONG64 p1, ULONG64 p2, ULONG64 p3, ULONG64 p4, const KI_TRAP_FRAME* frame) {
    static CONTEXT context;  // 1232 bytes the failing stack may not have
    if (frame)
        KiFrameToContext(frame, &context);
    else
        RtlCaptureContext(&context);
    KiBugCheckContext(code, p1, p2, p3, p4, &context);
}

/// Any IRQL. Does not return.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kebugcheckex
VOID NTAPI KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR P1, ULONG_PTR P2, ULONG_PTR P3, ULONG_PTR P4) {
    KiBugCheckFrame(BugCheckCode, P1, P2, P3, P4, nullptr);
}

/// Any IRQL. Does not return. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-kebugcheck
VOID NTAPI KeBugCheck(ULONG BugCheckCode) { KiBugCheckFrame(BugCheckCode, 0, 0, 0, 0, nullptr); }

/// Any IRQL. The routine is called at HIGH_LEVEL when the guest stops. False: registered already.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keregisterbugcheckcallback
BOOLEAN NTAPI KeRegisterBugCheckCallback(
    PKBUGCHECK_CALLBACK_RECORD CallbackRecord, PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine, PVOID Buffer, ULONG Length,
    PUCHAR Component) {
    KiAtomic atomic;
    if (CallbackRecord->State != BufferEmpty) return FALSE;
    CallbackRecord->CallbackRoutine = CallbackRoutine;
    CallbackRecord->Buffer = Buffer;
    CallbackRecord->Length = Length;
    CallbackRecord->Component = Component;
    CallbackRecord->State = BufferInserted;
    InsertTailList(&callbacks, &CallbackRecord->Entry);
    return TRUE;
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kederegisterbugcheckcallback
BOOLEAN NTAPI KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord) {
    KiAtomic atomic;
    if (CallbackRecord->State != BufferInserted) return FALSE;
    RemoveEntryList(&CallbackRecord->Entry);
    CallbackRecord->State = BufferEmpty;
    return TRUE;
}

extern "C" VOID KiFatal(const char* text, ULONG code, ULONG64 p1, ULONG64 p2, ULONG64 p3, ULONG64 p4) {
    KiPrint("fatal: %s\n", text);
    KiBugCheckFrame(code, p1, p2, p3, p4, nullptr);
}

extern "C" VOID NTAPI RdBugCheckText(const char* text, ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4) {
    KiPrint("%s\n", text);
    KiBugCheckFrame(code, p1, p2, p3, p4, nullptr);
}

extern "C" VOID NTAPI RdUnimplementedExport(const char* module, const char* name) {
    KiPrint("this guest names %s!%s but does not implement it\n", module, name);
    KiBugCheckFrame(
        RD_BUGCHECK_UNIMPLEMENTED, reinterpret_cast<ULONG64>(module), reinterpret_cast<ULONG64>(name), KI_CALLER, 0, nullptr);
}

extern "C" VOID KiHalt() {
    for (;;) asm volatile("cli; hlt");
}
