// SPDX-License-Identifier: MIT
// io/service.hpp
//
// Services whose drivers are images: what their registry keys say, and loading and unloading. PASSIVE_LEVEL.
#pragma once
#include "io/iop.hpp"

namespace io {

/// What a service's key says.
struct Service {
    WCHAR key_text[160];     ///< Full name of the key.
    WCHAR name_text[64];     ///< Its last component.
    WCHAR driver_text[80];   ///< Of the driver object: "\Driver\<name>".
    WCHAR image_text[256];   ///< Of the file, as the object manager finds it.
    UNICODE_STRING key, name, driver, image;
    ULONG type, start;
};

/// Reads the key of a service by its full name. STATUS_OBJECT_NAME_NOT_FOUND: there is none.
NTSTATUS read_service(PCUNICODE_STRING key, Service* service);
/// By the name below Services.
NTSTATUS read_service_by_name(PCUNICODE_STRING name, Service* service);

/// The driver object of a service, referenced. STATUS_OBJECT_NAME_NOT_FOUND: it is not loaded.
NTSTATUS find_driver(const Service& service, IOP_DRIVER** driver);
/// Loads and starts it; waits if somebody else is at it. *driver is referenced; *was_running: it ran before.
NTSTATUS start_service(Service& service, IOP_DRIVER** driver, bool* was_running);

/// Starts every service whose Start lies in [first, last], in the order of their names; says which failed.
void start_services(ULONG first, ULONG last);

/// Copies the base name of a service's image as ASCII ("e1000.sys").
void image_base_name(const Service& service, char (&name)[64]);

/// Says on the debug channel and in RdLastLoadError why a service did not start.
void report_start_failure(const Service& service, NTSTATUS status);

/// Runs Unload if it has one and may run; see unload.cpp.
NTSTATUS stop_driver(IOP_DRIVER* driver);
/// With unload=stop on the command line the documented bug check for what a driver left behind, the first of: timers, DPCs, threads,
/// interrupts, work items, devices, pool. Without it those go to the trace alone, and the run's oracle judges them all; but for what
/// the kernel keeps lists of (resources, lookaside lists), whose memory is about to go, and freed pool that was written to.
void stop_for_leftovers(const IOP_DRIVER* driver, ULONG blocks);
/// What follows Unload, or a DriverEntry that failed: leftovers to the trace, the image goes, the object loses its name.
void finish_driver(IOP_DRIVER* driver);

}  // namespace io
