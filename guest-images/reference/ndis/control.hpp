// SPDX-License-Identifier: MIT
// ndis/control.hpp
//
// Between the files that answer \Device\Ndis: names in requests, and the requests that are events for drivers.
#pragma once
#include "ndis/ndisp.hpp"

namespace ndis {

/// A name from a request: false when it does not end within its room. The string points into the request.
bool read_name(const uint16_t (&from)[64], UNICODE_STRING& name);
/// The PDO of an adapter, referenced; null: there is none. PASSIVE_LEVEL.
PDEVICE_OBJECT find_pdo(const UNICODE_STRING& adapter);

// --- control_events.cpp. PASSIVE_LEVEL, all of it.
NTSTATUS reconfigure(const rd_ndis_pair& request);
NTSTATUS set_power(const rd_ndis_power& request);
NTSTATUS reset_adapter(const rd_ndis_adapter_name& request);
NTSTATUS unload_protocol(const rd_ndis_pair& request);

}  // namespace ndis
