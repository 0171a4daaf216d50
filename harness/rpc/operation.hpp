// SPDX-License-Identifier: MIT
// rpc/operation.hpp
//
// What a request asks for, in words: for the log and for the sentence of a deadline that passed.
#pragma once

#include <string>

#include "rpc/messages.hpp"

namespace rundown::rpc {

/// Name of the request's operation as rpc.proto spells it: "driver_stop"; "nothing" for an empty
/// one.
std::string operation_name(const Request& request);

}  // namespace rundown::rpc
