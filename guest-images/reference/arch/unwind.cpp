// SPDX-License-Identifier: MIT
// arch/unwind.cpp
//
// Walking a stack by the unwind codes of .pdata/.xdata, version 1. Epilogues are not looked for: nothing faults in one, and
// a stack text that misses a register there still finds the return addresses.
#include "arch/exception.hpp"
#include "ke/ki.hpp"

namespace {

struct UnwindInfo {
    UCHAR version_flags, prolog_bytes, code_count, frame;
    USHORT codes[1];
};

bool readable(ULONG64 address) { return MmIsAddressValid(reinterpret_cast<PVOID>(address)); }

bool load(ULONG64 address, ULONG64* value) {
    if (!readable(address) || !readable(address + 7)) return false;
    *value = *reinterpret_cast<const ULONG64*>(address);
    return true;
}

ULONG64& integer(PCONTEXT context, ULONG number) { return (&context->Rax)[number]; }

/// Slots a code takes.
ULONG slots_of(UCHAR operation, UCHAR info) {
    switch (operation) {
    case 1: return info ? 3 : 2;
    case 4: case 8: return 2;
    case 5: case 9: return 3;
    default: return 1;
    }
}

/// Undoes one prologue instruction. False: malformed, or unreadable stack. *machine is set when a machine frame was popped.
bool undo(const USHORT* slot, ULONG64 frame, PCONTEXT context, bool* machine) {
    const UCHAR operation = slot[0] >> 8 & 15, info = slot[0] >> 12 & 15;
    switch (operation) {
    case 0:  // push
        if (!load(context->Rsp, &integer(context, info))) return false;
        context->Rsp += 8;
        return true;
    case 1:  // large allocation
        context->Rsp += info ? slot[1] | ULONG{slot[2]} << 16 : slot[1] * 8u;
        return true;
    case 2: context->Rsp += info * 8u + 8; return true;
    case 3: context->Rsp = frame; return true;  // frame register
    case 4: return load(frame + slot[1] * 8u, &integer(context, info));
    case 5: return load(frame + (slot[1] | ULONG{slot[2]} << 16), &integer(context, info));
    case 8: case 9: {
        const ULONG64 at = frame + (operation == 8 ? slot[1] * 16u : slot[1] | ULONG{slot[2]} << 16);
        auto* to = reinterpret_cast<ULONG64*>(&context->Xmm0 + info);
        return load(at, &to[0]) && load(at + 8, &to[1]);
    }
    case 10: {
        const ULONG64 at = context->Rsp + (info ? 8 : 0);
        *machine = true;
        return load(at, &context->Rip) && load(at + 24, &context->Rsp);
    }
    default: return false;
    }
}

}  // namespace

extern "C" const RUNTIME_FUNCTION* KiLookupFunction(ULONG64 pc, ULONG64* base) {
    KI_MODULE module;
    if (!KiFindModule(pc, &module) || module.Unloaded || !module.Functions) return nullptr;
    *base = reinterpret_cast<ULONG64>(module.Base);
    const ULONG offset = static_cast<ULONG>(pc - *base);
    ULONG low = 0, high = module.FunctionCount;
    while (low < high) {
        const ULONG middle = (low + high) / 2;
        if (offset < module.Functions[middle].BeginAddress)
            high = middle;
        else if (offset >= module.Functions[middle].EndAddress)
            low = middle + 1;
        else
            return &module.Functions[middle];
    }
    return nullptr;
}

extern "C" KI_EXCEPTION_ROUTINE KiVirtualUnwind(
    ULONG wanted, ULONG64 base, ULONG64 pc, const RUNTIME_FUNCTION* function, PCONTEXT context, PVOID* handler_data,
    ULONG64* establisher, BOOLEAN* good) {
    KI_EXCEPTION_ROUTINE handler = nullptr;
    bool machine = false;
    *good = FALSE;
    *establisher = context->Rsp;
    for (int chained = 0; chained < 32; ++chained) {
        const ULONG unwind_data = function->UnwindData & ~1u;
        if (function->UnwindData & 1) {  // points to another entry
            function = reinterpret_cast<const RUNTIME_FUNCTION*>(base + unwind_data);
            continue;
        }
        const auto* info = reinterpret_cast<const UnwindInfo*>(base + unwind_data);
        const ULONG64 offset = chained ? ~0ull : pc - base - function->BeginAddress;
        const UCHAR flags = info->version_flags >> 3;
        const UCHAR frame_register = info->frame & 15;
        // The frame pointer is the frame register less its offset, once the prologue has set it.
        ULONG64 frame = context->Rsp;
        if (frame_register) {
            bool established = offset >= info->prolog_bytes || flags & UNWIND_CHAINED;
            for (ULONG index = 0; index < info->code_count && !established;) {
                const UCHAR operation = info->codes[index] >> 8 & 15;
                if (operation == 3) established = offset >= (info->codes[index] & 0xFF);
                index += slots_of(operation, info->codes[index] >> 12 & 15);
            }
            if (established) frame = integer(context, frame_register) - (info->frame >> 4) * 16u;
        }
        if (!chained) *establisher = frame;
        if (!handler && offset >= info->prolog_bytes && flags & wanted && !(flags & UNWIND_CHAINED)) {
            const auto* tail = reinterpret_cast<const ULONG*>(&info->codes[(info->code_count + 1) & ~1]);
            handler = reinterpret_cast<KI_EXCEPTION_ROUTINE>(base + tail[0]);
            *handler_data = const_cast<ULONG*>(tail + 1);
        }
        for (ULONG index = 0; index < info->code_count;) {
            const USHORT* slot = &info->codes[index];
            if (offset >= (*slot & 0xFF) && !undo(slot, frame, context, &machine)) return nullptr;
            index += slots_of(*slot >> 8 & 15, *slot >> 12 & 15);
        }
        if (!(flags & UNWIND_CHAINED)) break;
        function = reinterpret_cast<const RUNTIME_FUNCTION*>(&info->codes[(info->code_count + 1) & ~1]);
    }
    if (!machine) {
        if (!load(context->Rsp, &context->Rip)) return nullptr;
        context->Rsp += 8;
    }
    *good = TRUE;
    return handler;
}

extern "C" BOOLEAN KiUnwindFrame(PCONTEXT context) {
    ULONG64 base;
    if (const RUNTIME_FUNCTION* function = KiLookupFunction(context->Rip, &base)) {
        PVOID data;
        ULONG64 frame;
        BOOLEAN good;
        KiVirtualUnwind(0, base, context->Rip, function, context, &data, &frame, &good);
        return good && context->Rip;
    }
    if (!load(context->Rsp, &context->Rip)) return FALSE;
    context->Rsp += 8;
    return context->Rip != 0;
}

/// Any IRQL. Fills `BackTrace` with return addresses, the caller's first.
USHORT NTAPI RtlCaptureStackBackTrace(
    ULONG FramesToSkip, ULONG FramesToCapture, PVOID* BackTrace, PULONG BackTraceHash) {
    CONTEXT context;
    RtlCaptureContext(&context);
    USHORT count = 0;
    ULONG hash = 0;
    for (ULONG depth = 0; count < FramesToCapture && KiUnwindFrame(&context); ++depth) {
        if (depth < FramesToSkip) continue;
        BackTrace[count++] = reinterpret_cast<PVOID>(context.Rip);
        hash += static_cast<ULONG>(context.Rip);
    }
    if (BackTraceHash) *BackTraceHash = hash;
    return count;
}

extern "C" PVOID NTAPI KiExportLookupFunctionEntry(ULONG64 pc, PULONG64 base, PVOID) {
    return const_cast<RUNTIME_FUNCTION*>(KiLookupFunction(pc, base));
}

extern "C" PVOID NTAPI KiExportVirtualUnwind(
    ULONG type, ULONG64 base, ULONG64 pc, const RUNTIME_FUNCTION* function, PCONTEXT context, PVOID* data, PULONG64 frame,
    PVOID) {
    BOOLEAN good;
    return reinterpret_cast<PVOID>(KiVirtualUnwind(type, base, pc, function, context, data, frame, &good));
}

extern "C" PVOID NTAPI KiExportPcToFileHeader(PVOID pc, PVOID* base) {
    KI_MODULE module;
    *base = KiFindModule(reinterpret_cast<ULONG64>(pc), &module) && !module.Unloaded ? module.Base : nullptr;
    return *base;
}
