// SPDX-License-Identifier: MIT
// oracle/left_open.hpp
//
// Bindings that NdisDeregisterProtocol left open: it returned, and had neither had them unbound nor
// did the driver close them meanwhile. That is the system's doing (S6), and what follows from it is
// not held against the driver. Pure.
#pragma once

#include <cstdint>
#include <map>

#include "oracle/evidence.hpp"

namespace rundown::oracle {

/// Was the binding unbound, or closed by the driver itself, by the return of that deregistration?
bool was_let_go(const BindingLife& life, const Span& deregistration);

/// The bindings of the driver that were left open, by the number `source` gives them, with the
/// return of the call that left them.
std::map<std::uint16_t, const trace::Record*> left_open(
    const Evidence& evidence, std::uint8_t source
);

}  // namespace rundown::oracle
