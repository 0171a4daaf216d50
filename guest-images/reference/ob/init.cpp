// SPDX-License-Identifier: MIT
// ob/init.cpp
//
// The object manager's bring-up: its own types, the root, and the directories every system has.
#include "ob/object.hpp"

namespace {

void must(NTSTATUS status, const char* what) {
    if (!NT_SUCCESS(status)) KiFatal(what, 0x5D, static_cast<ULONG64>(static_cast<ULONG>(status)), 0, 0, 0);
}

}  // namespace

extern "C" VOID ObInitSystem() {
    ob::initialize_name_lock();
    OB_TYPE_INFO info = {};
    info.WaitOffset = OB_NOT_WAITABLE;
    must(ObCreateType(L"Type", &info, &ObpTypeType), "the object type Type");
    ob::create_directory_types();
    must(ObCreatePermanentDirectory(L"\\ObjectTypes"), "\\ObjectTypes");  // before types are named there
    ob::create_symbolic_link_type();
    static const WCHAR* const directories[] = {L"\\Device",  L"\\Driver",           L"\\FileSystem",
                                               L"\\GLOBAL??",    L"\\KernelObjects", L"\\BaseNamedObjects", L"\\Callback"};
    for (const WCHAR* name : directories) must(ObCreatePermanentDirectory(name), "a directory of the object manager");
    // One session: the names of DOS devices are the global ones, under each of the paths that drivers use.
    must(ob::create_symbolic_link(L"\\??", L"\\GLOBAL??"), "\\??");
    must(ob::create_symbolic_link(L"\\DosDevices", L"\\??"), "\\DosDevices");
    must(ob::create_symbolic_link(L"\\GLOBAL??\\Global", L"\\GLOBAL??"), "\\??\\Global");
    must(ob::create_symbolic_link(L"\\GLOBAL??\\GLOBALROOT", L"\\"), "\\??\\GLOBALROOT");
    must(ob::create_symbolic_link(L"\\BaseNamedObjects\\Global", L"\\BaseNamedObjects"), "\\BaseNamedObjects\\Global");
}
