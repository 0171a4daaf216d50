// SPDX-License-Identifier: MIT
// io/selftest_driver.cpp: see selftest_driver.hpp.
#include "io/selftest_driver.hpp"

#include "io/iop.hpp"
#include "io/selftest.hpp"
#include "rtl/literal.hpp"

namespace io {

namespace {

constexpr LONGLONG kAftermath = -300 * 10000LL;  // 100 ns: timers, threads and work items of an unloaded driver

UNICODE_STRING service = rtl::literal(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\selftestdriver");

bool load(const char* what) {
    const NTSTATUS status = ZwLoadDriver(&service);
    if (NT_SUCCESS(status)) return true;
    char text[256];
    RdLastLoadError(text, sizeof text);
    KiPrint("%s: selftest.sys did not start, status %08x %s\n", what, static_cast<ULONG>(status), text);
    return false;
}

}  // namespace

bool provoke() {
    char name[64];
    if (!RdCommandLineText("provoke", name, sizeof name) || RtlEqualMemory(name, "ndis_", 5)) return false;
    if (load("provoke")) {
        ZwUnloadDriver(&service);
        LARGE_INTEGER moment = {.QuadPart = kAftermath};
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
        KiPrint("provoke %s: survived\n", name);
    }
    RdPowerOff();
    return true;
}

namespace {

/// ndistest.sys is there already, as its device's driver; opening its control device runs its tests.
const char* open_ndis_tests() {
    UNICODE_STRING name = rtl::literal(L"\\Device\\NdisSelfTest");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    HANDLE handle;
    IO_STATUS_BLOCK result;
    if (!NT_SUCCESS(ZwOpenFile(&handle, GENERIC_READ, &attributes, &result, 0, 0))) return "ndistest.sys is not there";
    ZwClose(handle);
    return nullptr;
}

void test_ndis() {
    static const RD_SELF_TEST failed[] = {{"miniport.tests_run", open_ndis_tests}, {nullptr, nullptr}};
    const RD_SELF_TEST* const list[] = {failed};
    if (open_ndis_tests()) RdRunSelfTests("miniport", list, 1);
}

}  // namespace

void provoke_ndis() {
    char name[64];
    if (!RdCommandLineText("provoke", name, sizeof name)) return;
    if (const char* wrong = open_ndis_tests())
        KiPrint("provoke: %s\n", wrong);
    else
        KiPrint("provoke %s: survived\n", name);
    RdPowerOff();
}

void finish_selftest() {
    test_ndis();
    if (load("selftest")) {
        const NTSTATUS status = ZwUnloadDriver(&service);
        if (!NT_SUCCESS(status)) KiPrint("selftest: selftest.sys did not unload, status %08x\n", static_cast<ULONG>(status));
    }
    KiPrint("selftest: complete\n");
    RdPowerOff();
}

}  // namespace io
