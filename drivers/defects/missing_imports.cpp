// SPDX-License-Identifier: MIT
// defects/missing_imports.cpp
//
// Imports three functions that exist nowhere, beside one that does: a loader must refuse it and
// name all three.
#include "lib/kernel.hpp"

extern "C" {

__declspec(dllimport) void RundownNoSuchKernelFunction(void);
__declspec(dllimport) void RundownNoSuchKernelRoutine(void);
__declspec(dllimport) void NdisRundownNoSuchFunction(void);

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);

    DbgPrint("missing-imports.sys must never have been started\n");
    RundownNoSuchKernelFunction();
    RundownNoSuchKernelRoutine();
    NdisRundownNoSuchFunction();
    return STATUS_SUCCESS;
}
}
