// SPDX-License-Identifier: MIT
// ldr/ldr.hpp
//
// The loader: images become modules, modules are bound to each other's exports, and go again. Everything but
// KiFindModule runs at PASSIVE_LEVEL and is serialised by the loader's lock.
#pragma once
#include "nt_internal.hpp"
#include "pe_image.hpp"
#include "rd_executive.hpp"

/// An image in memory. The first part is laid out as drivers that walk PsLoadedModuleList expect it
/// (KLDR_DATA_TABLE_ENTRY).
struct LDR_MODULE {
    LIST_ENTRY InLoadOrderLinks;
    PVOID ExceptionTable;
    ULONG ExceptionTableSize;
    PVOID GpValue;
    PVOID NonPagedDebugInfo;
    PVOID DllBase;
    PVOID EntryPoint;
    ULONG SizeOfImage;
    UNICODE_STRING FullDllName;
    UNICODE_STRING BaseDllName;
    ULONG Flags;
    USHORT LoadCount;
    USHORT Reserved;
    PVOID SectionPointer;
    ULONG CheckSum;
    PVOID LoadedImports;
    PVOID PatchInformation;

    ldr::PeImage Image;            // the mapped view
    char Name[64];                 // BaseDllName, in ASCII
    ULONG References;              // images that import from it, and whoever loaded it
    BOOLEAN LibraryInitialised;    // its DllInitialize has run
    ULONG ImportCount;
    LDR_MODULE* Imports[16];       // each referenced once
};

extern "C" {
extern LIST_ENTRY PsLoadedModuleList;

/// Checks, maps, relocates and binds an image and runs nothing of it. `name` is the file's base name ("ndis.sys"), `path`
/// its full name for whoever lists modules. Modules it imports from are loaded too, from \SystemRoot, when they are not yet.
/// On failure nothing stays, the status says why and RdLastLoadError has it in sentences. STATUS_IMAGE_ALREADY_LOADED: a
/// module of that name is in memory.
NTSTATUS LdrLoadImage(PCUNICODE_STRING path, const void* bytes, SIZE_T size, LDR_MODULE** module);
/// Drops the loader's reference; the image goes (and its addresses fault from then on) when no other module imports from it.
VOID LdrUnloadImage(LDR_MODULE* module);
/// A module by base name, case-insensitive; null when it is not loaded. Not referenced.
LDR_MODULE* LdrFindModule(const char* name);
/// Makes the kernel's own image the first module. The kernel's start calls it, before there are threads.
VOID LdrInitialize(const LOADER_BLOCK* block);
}

namespace ldr {

/// The loader's lock for a scope. PASSIVE_LEVEL.
class LoaderLock {
  public:
    LoaderLock();
    ~LoaderLock();
    LoaderLock(const LoaderLock&) = delete;
};

// --- module_list.cpp: the list, and the table KiFindModule reads without a lock
bool publish(LDR_MODULE* module);    // false: too many modules
void withdraw(LDR_MODULE* module);
LDR_MODULE* create_module(PCUNICODE_STRING path);
void delete_module(LDR_MODULE* module);

// --- bind.cpp
/// Fills in the import slots. Every import that cannot be resolved is put into the load error.
NTSTATUS bind_imports(LDR_MODULE* module);

// --- map.cpp
NTSTATUS map_image(const PeImage& file, const void* bytes, LDR_MODULE* module);
void seed_security_cookie(LDR_MODULE* module);
void protect_sections(const LDR_MODULE* module);

// --- load_error.cpp: the text of RdLastLoadError
void clear_error();
void add_error(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace ldr
