// SPDX-License-Identifier: MIT
// ldr/load.cpp
//
// Loading and unloading of images.
#include "ldr.hpp"
#include "rtl/literal.hpp"

extern "C" NTSTATUS IopReadWholeFile(PCUNICODE_STRING path, PVOID* bytes, SIZE_T* size);
extern "C" NTSTATUS LdrpLoadByName(const char* name, LDR_MODULE** module);

namespace {

void trace(USHORT event, const LDR_MODULE* module) {
    RdTraceWrite(
        RD_SOURCE_KERNEL, RD_KIND_NOTE, event, 0, 0, reinterpret_cast<ULONG64>(module->DllBase), module->SizeOfImage,
        LdrNameHash(module->Name), 0);
}

void dereference(LDR_MODULE* module);

void drop_imports(LDR_MODULE* module) {
    while (module->ImportCount) dereference(module->Imports[--module->ImportCount]);
}

/// Tells an export library that nobody imports from it any more.
void finish_library(const LDR_MODULE* module) {
    ldr::ImageExport found;
    if (!module->LibraryInitialised || !module->Image.find_export("DllUnload", &found) || found.forwarder) return;
    reinterpret_cast<NTSTATUS(NTAPI*)()>(static_cast<PUCHAR>(module->DllBase) + found.address)();
}

void dereference(LDR_MODULE* module) {
    if (--module->References) return;
    finish_library(module);
    trace(RD_EV_IMAGE_UNLOADED, module);
    ldr::withdraw(module);
    drop_imports(module);
    MmFreeImageSpace(module->DllBase);
    ldr::delete_module(module);
}

NTSTATUS load(LDR_MODULE* module, const void* bytes, SIZE_T size) {
    ldr::PeImage file;
    ldr::ImageVerdict verdict = ldr::PeImage::parse(bytes, size, &file);
    if (verdict) verdict = file.check_tables();
    if (!verdict) {
        ldr::add_error("%s: %s", module->Name, verdict.sentence);
        return static_cast<NTSTATUS>(verdict.status);
    }
    NTSTATUS status = ldr::map_image(file, bytes, module);
    if (!NT_SUCCESS(status)) return status;
    status = ldr::bind_imports(module);
    if (NT_SUCCESS(status) && !ldr::publish(module)) {
        ldr::add_error("%s: too many images in memory", module->Name);
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!NT_SUCCESS(status)) {
        drop_imports(module);
        MmFreeImageSpace(module->DllBase);
        return status;
    }
    ldr::seed_security_cookie(module);
    ldr::protect_sections(module);
    trace(RD_EV_IMAGE_LOADED, module);
    return STATUS_SUCCESS;
}

constexpr ULONG kNestingMax = 8;  // of images loaded for the sake of another's imports
ULONG nesting;

NTSTATUS load_locked(PCUNICODE_STRING path, const void* bytes, SIZE_T size, LDR_MODULE** loaded) {
    LDR_MODULE* module = ldr::create_module(path);
    if (!module) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status;
    if (nesting == kNestingMax) {
        ldr::add_error("%s: images import from each other in a circle", module->Name);
        status = STATUS_INVALID_IMAGE_FORMAT;
    } else if (LdrFindModule(module->Name)) {
        ldr::add_error("%s: an image of that name is in memory already", module->Name);
        status = STATUS_IMAGE_ALREADY_LOADED;
    } else {
        ++nesting;
        status = load(module, bytes, size);
        --nesting;
    }
    if (NT_SUCCESS(status))
        *loaded = module;
    else
        ldr::delete_module(module);
    return status;
}

/// Runs the initialisation an export library may have (DllInitialize, as WDM drivers that are imported from export it).
NTSTATUS initialise_library(LDR_MODULE* module) {
    ldr::ImageExport found;
    if (!module->Image.find_export("DllInitialize", &found) || found.forwarder) return STATUS_SUCCESS;
    using Initialise = NTSTATUS(NTAPI*)(PUNICODE_STRING);
    UNICODE_STRING service = rtl::literal(L"");
    const NTSTATUS status = reinterpret_cast<Initialise>(static_cast<PUCHAR>(module->DllBase) + found.address)(&service);
    module->LibraryInitialised = NT_SUCCESS(status);
    return status;
}

}  // namespace

/// Loads a module that another one imports from: \SystemRoot\system32\drivers\<name>, or without drivers\.
extern "C" NTSTATUS LdrpLoadByName(const char* name, LDR_MODULE** module) {
    static const char* const folders[] = {"\\SystemRoot\\system32\\drivers\\", "\\SystemRoot\\system32\\"};
    NTSTATUS status = STATUS_DLL_NOT_FOUND;
    for (const char* folder : folders) {
        WCHAR text[160];
        UNICODE_STRING path = {0, sizeof text, text};
        const char* const parts[] = {folder, name};
        for (const char* part : parts)
            for (; *part && path.Length + sizeof(WCHAR) < sizeof text; ++part, path.Length += sizeof(WCHAR))
                text[path.Length / sizeof(WCHAR)] = static_cast<UCHAR>(*part);
        PVOID bytes;
        SIZE_T size;
        if (!NT_SUCCESS(IopReadWholeFile(&path, &bytes, &size))) continue;
        status = load_locked(&path, bytes, size, module);
        ExFreePool(bytes);
        if (NT_SUCCESS(status)) {
            status = initialise_library(*module);
            if (!NT_SUCCESS(status)) {
                ldr::add_error("%s: its DllInitialize failed", (*module)->Name);
                dereference(*module);
            }
        }
        break;
    }
    return status;
}

extern "C" NTSTATUS LdrLoadImage(PCUNICODE_STRING path, const void* bytes, SIZE_T size, LDR_MODULE** module) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "LdrLoadImage");
    ldr::LoaderLock lock;
    ldr::clear_error();
    return load_locked(path, bytes, size, module);
}

extern "C" VOID LdrUnloadImage(LDR_MODULE* module) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "LdrUnloadImage");
    ldr::LoaderLock lock;
    dereference(module);
}
