// SPDX-License-Identifier: MIT
// include/rd_faults.hpp: whether the guest has been told to do something wrong (rundown/guest_faults.h).
#pragma once
#include <rundown/guest_faults.h>

#include "rd_executive.hpp"

/// Has a test asked for that fault? PASSIVE_LEVEL.
extern "C" RDAPI BOOLEAN NTAPI RdFaultWanted(rd_guest_fault fault);
