// SPDX-License-Identifier: MIT
// exports/fwpkclnt.cpp
//
// fwpkclnt.sys, so that drivers which also call the filtering platform can be loaded. The platform itself is not there: every
// function is named only (fwpkclnt.named) and stops the guest when it is called, as does the image's entry point.
#include "rd_exports.hpp"

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    RdUnimplementedExport("fwpkclnt.sys", "DriverEntry");
    return STATUS_NOT_IMPLEMENTED;
}
