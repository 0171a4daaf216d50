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
#include "io/service.hpp"
#include "ldr/ldr.hpp"
#include "ps/ps.hpp"
#include "rd_pnp.hpp"
#include "rtl/literal.hpp"

namespace {

constexpr ULONG kBootStart = 0, kAutoStart = 2;

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

void load_ndis() {
    UNICODE_STRING name = rtl::literal(L"ndis");
    io::Service service;
    IOP_DRIVER* driver;
    bool was_running;
    NTSTATUS status = io::read_service_by_name(&name, &service);
    if (!report("the service ndis", status)) return;
    status = io::start_service(service, &driver, &was_running);
    if (NT_SUCCESS(status))
        ObfDereferenceObject(driver);
    else
        io::report_start_failure(service, status);
}

VOID NTAPI bring_up(PVOID context) {
    RdNameThread("system start");
    const NTSTATUS status = IopInitializeRamDisk(static_cast<LOADER_BLOCK*>(context));
    if (!report("the RAM disk did not come up; no driver can be loaded", status)) return;
    load_hal();
    if (RdCommandLineNumber("selftest", 0)) KiExecutiveSelfTest();
    load_ndis();
    io::start_services(kBootStart);
    report("the PnP manager did not come up", PnpInitSystem());
    io::start_services(kAutoStart);
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
