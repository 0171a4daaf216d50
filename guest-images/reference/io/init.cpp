// SPDX-License-Identifier: MIT
// io/init.cpp
//
// The executive comes up: object manager, process structure, executive support, registry, I/O manager and RAM disk; then, on a
// thread that is an object, hal.dll, ndis.sys, the devices and the services. What fails is a line on the debug channel.
#include "io/iop.hpp"

#include "cm/cm.hpp"
#include "ex/ex.hpp"
#include "io/interface.hpp"
#include "io/selftest.hpp"
#include "io/selftest_driver.hpp"
#include "io/service.hpp"
#include "ldr/ldr.hpp"
#include "ps/ps.hpp"
#include "rd_pnp.hpp"
#include "rtl/literal.hpp"

namespace {

constexpr ULONG kBootStart = 0, kSystemStart = 1, kAutoStart = 2;  // Start values of services

bool report(const char* what, NTSTATUS status) {
    if (NT_SUCCESS(status)) return true;
    DbgPrint("io: %s: status %08x\n", what, status);
    return false;
}

/// hal.dll is in memory before whoever imports from it.
void load_hal() {
    UNICODE_STRING path = rtl::literal(L"\\SystemRoot\\system32\\hal.dll");
    PVOID bytes;
    SIZE_T size;
    if (!report("hal.dll cannot be read", IopReadWholeFile(&path, &bytes, &size))) return;
    LDR_MODULE* module;
    const NTSTATUS status = LdrLoadImage(&path, bytes, size, &module);
    ExFreePool(bytes);
    if (report("hal.dll cannot be loaded", status)) return;
    char text[256];
    RdLastLoadError(text, sizeof text);
    DbgPrint("%s\n", text);
}

VOID NTAPI bring_up(PVOID context) {
    RdNameThread("system start");
    const NTSTATUS status = IopInitializeRamDisk(static_cast<LOADER_BLOCK*>(context));
    if (!report("the RAM disk did not come up; no driver can be loaded", status)) return;
    load_hal();
    if (io::provoke()) return;
    if (RdCommandLineNumber("selftest", 0)) KiExecutiveSelfTest();
    io::start_services(kBootStart, kBootStart);  // ndis.sys, before the devices that need it
    report("the PnP manager did not come up", PnpInitSystem());
    io::provoke_ndis();
    if (RdCommandLineNumber("selftest", 0)) io::finish_selftest();
    io::start_services(kSystemStart, kAutoStart);
}

}  // namespace

VOID IoInitSystem(LOADER_BLOCK* block) {
    ObInitSystem();
    PsInitSystem();
    ExInitSystem();
    CmInitSystem();
    IopCreateTypes();
    io::initialize_interfaces();
    report("no thread to start the system on", IopRunOnThread(bring_up, block, true));
}
