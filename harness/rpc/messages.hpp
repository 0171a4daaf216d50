// SPDX-License-Identifier: MIT
// rpc/messages.hpp
//
// The messages of drivers/include/rundown/rpc.proto, as protobuf generates them.
#pragma once

#include "rpc.pb.h"
