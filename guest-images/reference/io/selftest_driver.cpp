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
    if (!RdCommandLineText("provoke", name, sizeof name)) return false;
    if (load("provoke")) {
        ZwUnloadDriver(&service);
        LARGE_INTEGER moment = {.QuadPart = kAftermath};
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
        KiPrint("provoke %s: survived\n", name);
    }
    RdPowerOff();
    return true;
}

void finish_selftest() {
    if (load("selftest")) {
        const NTSTATUS status = ZwUnloadDriver(&service);
        if (!NT_SUCCESS(status)) KiPrint("selftest: selftest.sys did not unload, status %08x\n", static_cast<ULONG>(status));
    }
    KiPrint("selftest: complete\n");
    RdPowerOff();
}

}  // namespace io
