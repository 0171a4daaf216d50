// SPDX-License-Identifier: MIT
// ldr/bind.cpp
//
// Imports are bound by name through the export table of the module they name, functions and data alike. Forwarded exports
// are followed. All of an image's unresolved imports are named before the load is given up.
#include "ldr.hpp"

extern "C" NTSTATUS LdrpLoadByName(const char* name, LDR_MODULE** module);

namespace {

constexpr int kForwardersMax = 8;

struct Binding {
    LDR_MODULE* module;
    NTSTATUS status;
    const char* dll;       // of the previous import
    LDR_MODULE* exporter;  // what it was resolved to; null when it could not be
    ULONG unresolved;
};

/// Remembers that `module` needs `exporter` until it is unloaded itself.
NTSTATUS reference(LDR_MODULE* module, LDR_MODULE* exporter) {
    if (exporter == module) return STATUS_SUCCESS;
    for (ULONG index = 0; index < module->ImportCount; ++index)
        if (module->Imports[index] == exporter) return STATUS_SUCCESS;
    if (module->ImportCount == RTL_NUMBER_OF(module->Imports)) return STATUS_TOO_MANY_NAMES;
    module->Imports[module->ImportCount++] = exporter;
    ++exporter->References;
    return STATUS_SUCCESS;
}

NTSTATUS find_exporter(LDR_MODULE* module, const char* dll, LDR_MODULE** exporter) {
    *exporter = LdrFindModule(dll);
    if (*exporter) return reference(module, *exporter);
    NTSTATUS status = LdrpLoadByName(dll, exporter);
    if (!NT_SUCCESS(status)) return status;
    status = reference(module, *exporter);
    --(*exporter)->References;  // the loading was for this module only
    return status;
}

/// "ntoskrnl.exe" is what a forwarder calls "ntoskrnl".
LDR_MODULE* find_forwarded_module(const char* text, SIZE_T length) {
    static const char* const suffixes[] = {"", ".exe", ".sys", ".dll"};
    for (const char* suffix : suffixes) {
        char name[80];
        if (length + 5 > sizeof name) return nullptr;
        RtlCopyMemory(name, text, length);
        RtlCopyMemory(name + length, suffix, suffix[0] ? 5 : 1);
        if (LDR_MODULE* found = LdrFindModule(name)) return found;
    }
    return nullptr;
}

PVOID resolve(LDR_MODULE* module, LDR_MODULE* exporter, const ldr::ImageImport& import) {
    ldr::ImageExport found;
    bool known = import.name ? exporter->Image.find_export(import.name, &found)
                             : exporter->Image.find_export(import.ordinal, &found);
    for (int hop = 0; known && found.forwarder; ++hop) {
        const char* dot = found.forwarder;
        while (*dot && *dot != '.') ++dot;
        exporter = *dot ? find_forwarded_module(found.forwarder, static_cast<SIZE_T>(dot - found.forwarder)) : nullptr;
        if (!exporter || hop == kForwardersMax || !NT_SUCCESS(reference(module, exporter))) return nullptr;
        known = exporter->Image.find_export(dot + 1, &found);
    }
    return known ? static_cast<PUCHAR>(exporter->DllBase) + found.address : nullptr;
}

void report(Binding* binding, const ldr::ImageImport& import) {
    binding->status = STATUS_DRIVER_ENTRYPOINT_NOT_FOUND;
    ldr::add_error(binding->unresolved++ ? ", " : "%s: nobody exports what it imports: ", binding->module->Name);
    if (import.name)
        ldr::add_error("%s!%s", import.dll, import.name);
    else
        ldr::add_error("%s!#%u", import.dll, import.ordinal);
}

bool bind_one(void* context, const ldr::ImageImport& import) {
    auto* binding = static_cast<Binding*>(context);
    if (import.dll != binding->dll) {
        binding->dll = import.dll;
        const NTSTATUS status = find_exporter(binding->module, import.dll, &binding->exporter);
        if (!NT_SUCCESS(status)) {
            binding->exporter = nullptr;
            if (status != STATUS_OBJECT_NAME_NOT_FOUND && status != STATUS_DLL_NOT_FOUND) {
                binding->status = status;
                return false;  // the module is there but cannot be loaded; it has said why
            }
        }
    }
    const PVOID address = binding->exporter ? resolve(binding->module, binding->exporter, import) : nullptr;
    if (!address) {
        report(binding, import);
        return true;
    }
    RtlCopyMemory(static_cast<PUCHAR>(binding->module->DllBase) + import.slot, &address, sizeof address);
    return true;
}

}  // namespace

NTSTATUS ldr::bind_imports(LDR_MODULE* module) {
    Binding binding = {module, STATUS_SUCCESS, nullptr, nullptr, 0};
    const ImageVerdict verdict = module->Image.for_each_import(bind_one, &binding);
    if (!verdict) {
        add_error("%s: %s", module->Name, verdict.sentence);
        return static_cast<NTSTATUS>(verdict.status);
    }
    return binding.status;
}
