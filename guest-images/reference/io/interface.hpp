// SPDX-License-Identifier: MIT
// io/interface.hpp
//
// Between device interfaces and those who want to hear of them.
#pragma once
#include "io/iop.hpp"

namespace io {

/// Once, before drivers are loaded.
void initialize_interfaces();
/// Calls those registered for an interface class. PASSIVE_LEVEL, no lock held.
void notify_interface(const GUID& interface_class, PCUNICODE_STRING link, bool arrival);

}  // namespace io
