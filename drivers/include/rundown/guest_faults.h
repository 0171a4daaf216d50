/* SPDX-License-Identifier: MIT
 * rundown/guest_faults.h
 *
 * What the reference guest itself does wrong when it is told to. Some rules of the oracle can only be broken by the
 * system, not by a driver; these are how they are seen to fire in a real guest. A driver in drivers/defects asks for
 * them by writing the value below before it registers. Reference guest only; nothing else reads or writes it.
 */
#pragma once

/* REG_DWORD, the sum of the faults wanted. Absent: none. Read each time a fault could act. */
#define RD_GUEST_FAULTS_KEY L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\RundownFaults"
#define RD_GUEST_FAULTS_VALUE L"Faults"

enum rd_guest_fault {
    RD_FAULT_DEREGISTER_FAILS = 1,       /* NdisDeregisterProtocol does its work and says NDIS_STATUS_FAILURE. */
    RD_FAULT_CLOSE_COMPLETES_TWICE = 2,  /* ProtocolCloseAdapterComplete is called once more than it is owed. */
    RD_FAULT_KEEPS_FILTERS = 4,          /* A close leaves the open's filters in the books and at the device. */
    RD_FAULT_FORGETS_UNBINDS = 8,        /* An open is closed without ProtocolUnbindAdapter having been called. */
    RD_FAULT_UNLOADS_WITH_HANDLES = 16,  /* Unload is called though handles to the driver's device are open. */
};
