// SPDX-License-Identifier: MIT
// ldr/module_list.cpp
//
// Which images are in memory: PsLoadedModuleList for those who walk it, and a fixed table for KiFindModule, which runs in
// the middle of a bug check and may take no lock. Unloaded images keep their entry, to name them when their code runs.
#include "ldr.hpp"
#include "rtl/literal.hpp"

extern "C" {
LIST_ENTRY PsLoadedModuleList = {&PsLoadedModuleList, &PsLoadedModuleList};
ERESOURCE PsLoadedModuleResource;
}

namespace {

constexpr ULONG kTag = 'dLmM';
constexpr ULONG kEntriesMax = 256;

KI_MODULE entries[kEntriesMax];
ULONG entry_count;

KI_MODULE* find_entry(PVOID base) {
    for (ULONG index = 0; index < entry_count; ++index)
        if (entries[index].Base == base && !entries[index].Unloaded) return &entries[index];
    return nullptr;
}

/// A free entry; when all are used, the one of the image unloaded longest ago. Atomic.
KI_MODULE* take_entry() {
    if (entry_count < kEntriesMax) return &entries[entry_count];
    for (ULONG index = 0; index < kEntriesMax; ++index) {
        if (!entries[index].Unloaded) continue;
        RtlMoveMemory(&entries[index], &entries[index + 1], (kEntriesMax - 1 - index) * sizeof entries[0]);
        --entry_count;
        return &entries[kEntriesMax - 1];
    }
    return nullptr;
}

KMUTEX lock;

}  // namespace

namespace ldr {

LoaderLock::LoaderLock() { KeWaitForSingleObject(&lock, Executive, KernelMode, FALSE, nullptr); }
LoaderLock::~LoaderLock() { KeReleaseMutex(&lock, FALSE); }

LDR_MODULE* create_module(PCUNICODE_STRING path) {
    const SIZE_T bytes = sizeof(LDR_MODULE) + path->Length + sizeof(WCHAR);
    auto* module = static_cast<LDR_MODULE*>(ExAllocatePoolWithTag(NonPagedPool, bytes, kTag));
    if (!module) return nullptr;
    RtlZeroMemory(module, bytes);
    auto* text = reinterpret_cast<PWCHAR>(module + 1);
    RtlCopyMemory(text, path->Buffer, path->Length);
    const USHORT characters = path->Length / sizeof(WCHAR);
    USHORT base = characters;
    while (base && text[base - 1] != '\\' && text[base - 1] != '/') --base;
    module->FullDllName = {path->Length, static_cast<USHORT>(path->Length + sizeof(WCHAR)), text};
    const USHORT base_bytes = static_cast<USHORT>((characters - base) * sizeof(WCHAR));
    module->BaseDllName = {base_bytes, static_cast<USHORT>(base_bytes + sizeof(WCHAR)), text + base};
    for (USHORT index = base, at = 0; index < characters && at < sizeof module->Name - 1; ++index, ++at)
        module->Name[at] = text[index] < 0x7f ? static_cast<char>(text[index]) : '?';
    module->LoadCount = 1;
    module->References = 1;
    return module;
}

void delete_module(LDR_MODULE* module) { ExFreePoolWithTag(module, kTag); }

bool publish(LDR_MODULE* module) {
    const ULONG64 saved = KiEnterAtomic();
    KI_MODULE* entry = take_entry();
    if (entry) {
        RtlZeroMemory(entry, sizeof *entry);
        entry->Base = module->DllBase;
        entry->Size = module->SizeOfImage;
        RtlCopyMemory(entry->Name, module->Name, sizeof entry->Name);
        entry->Functions = static_cast<const RUNTIME_FUNCTION*>(module->ExceptionTable);
        entry->FunctionCount = module->ExceptionTableSize / sizeof(RUNTIME_FUNCTION);
        ++entry_count;
        InsertTailList(&PsLoadedModuleList, &module->InLoadOrderLinks);
    }
    KiLeaveAtomic(saved);
    return entry != nullptr;
}

void withdraw(LDR_MODULE* module) {
    const ULONG64 saved = KiEnterAtomic();
    RemoveEntryList(&module->InLoadOrderLinks);
    if (KI_MODULE* entry = find_entry(module->DllBase)) {
        entry->Unloaded = TRUE;
        entry->Functions = nullptr;
        entry->FunctionCount = 0;
    }
    KiLeaveAtomic(saved);
}

}  // namespace ldr

extern "C" BOOLEAN KiFindModule(ULONG64 address, KI_MODULE* module) {
    for (ULONG index = entry_count; index-- > 0;) {
        if (address - reinterpret_cast<ULONG64>(entries[index].Base) >= entries[index].Size) continue;
        *module = entries[index];
        return TRUE;
    }
    return FALSE;
}

/// What the trace calls a module: FNV-1a of its name in lower case.
extern "C" ULONG64 LdrNameHash(const char* name) {
    ULONG64 hash = 0xcbf29ce484222325;
    for (; *name; ++name) {
        const char c = *name >= 'A' && *name <= 'Z' ? static_cast<char>(*name + 32) : *name;
        hash = (hash ^ static_cast<UCHAR>(c)) * 0x100000001b3;
    }
    return hash;
}

extern "C" LDR_MODULE* LdrFindModule(const char* name) {
    for (PLIST_ENTRY at = PsLoadedModuleList.Flink; at != &PsLoadedModuleList; at = at->Flink) {
        auto* module = CONTAINING_RECORD(at, LDR_MODULE, InLoadOrderLinks);
        if (ldr::same_module_name(module->Name, name)) return module;
    }
    return nullptr;
}

extern "C" VOID LdrInitialize(const LOADER_BLOCK* block) {
    KeInitializeMutex(&lock, 0);
    ldr::PeImage file;
    const ldr::ImageVerdict verdict = ldr::PeImage::parse(block->KernelFile, block->KernelFileSize, &file);
    UNICODE_STRING path = rtl::literal(L"\\SystemRoot\\system32\\ntoskrnl.exe");
    LDR_MODULE* module = verdict ? ldr::create_module(&path) : nullptr;
    if (!module) KiFatal(verdict ? "no memory for the module list" : verdict.sentence, 0x6B, verdict.status, 0, 0, 0);
    module->DllBase = block->KernelBase;
    module->SizeOfImage = block->KernelSize;
    module->Image = file.mapped_at(block->KernelBase);
    module->EntryPoint = static_cast<PUCHAR>(block->KernelBase) + file.entry_point();
    const ldr::ImageRange functions = file.directory(ldr::kDirectoryException);
    module->ExceptionTable = static_cast<PUCHAR>(block->KernelBase) + functions.address;
    module->ExceptionTableSize = functions.bytes;
    ldr::publish(module);
}
