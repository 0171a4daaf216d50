// SPDX-License-Identifier: MIT
// agent/core/messages.hpp
//
// The messages of rundown/rpc.proto as nanopb's structures, under short names. They are large (a
// Response is some 20 KiB): never on a kernel stack.
#pragma once
#include "rpc_nano.pb.h"

namespace rundown::agent
{

using Request = rundown_rpc_Request;
using Response = rundown_rpc_Response;
using Hello = rundown_rpc_Hello;
using HelloRequest = rundown_rpc_HelloRequest;
using Event = rundown_rpc_Event;

constexpr uint32_t kProtocolVersion = 1;
constexpr uint32_t kChunkBytesMax = sizeof(rundown_rpc_FileChunk_data_t::bytes);

} // namespace rundown::agent
