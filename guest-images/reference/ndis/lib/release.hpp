// SPDX-License-Identifier: MIT
// ndis/lib/release.hpp
//
// Inside ndis/lib: what an adapter has of one kind, taken off its list and given back, one at a time.
#pragma once
#include "ndis/lib/adapter_resources.hpp"

namespace ndis {

/// The mapping that agrees with both, or with a null address the first one there is. False: there is none. PASSIVE_LEVEL.
bool release_mapping(AdapterResources& resources, PVOID address, UINT length);
/// The same for shared memory.
bool release_shared(AdapterResources& resources, PVOID address, ULONG bytes, PHYSICAL_ADDRESS physical);
/// Gives the DMA adapter back, if there is one. PASSIVE_LEVEL.
void release_dma(AdapterResources& resources);
/// Takes the shutdown handler back, if there is one. PASSIVE_LEVEL.
void release_shutdown_handler(AdapterResources& resources);

}  // namespace ndis
