// SPDX-License-Identifier: MIT
// ndis/lib/core_seam.hpp
//
// What ndis/lib asks of the core (the rest of ndis/), and nothing more.
#pragma once
#include "ndis/lib/adapter_resources.hpp"

namespace ndis {

/// The resources of a miniport handle; a WrapperConfigurationContext is the miniport handle too. Bug check when it is neither.
AdapterResources* resources_of(NDIS_HANDLE adapter);
/// The handlers the adapter's driver registered.
const NDIS_MINIPORT_CHARACTERISTICS& characteristics_of(NDIS_HANDLE adapter);
/// Around every call of a serialised miniport (one without NDIS_ATTRIBUTE_DESERIALIZE); nothing for others. DISPATCH_LEVEL.
void enter_miniport(NDIS_HANDLE adapter);
void leave_miniport(NDIS_HANDLE adapter);
/// The driver object behind a handle of NdisInitializeWrapper.
PDRIVER_OBJECT driver_object_of(NDIS_HANDLE wrapper);

inline NDIS_HANDLE adapter_context_of(NDIS_HANDLE adapter) {
    return static_cast<PNDIS_MINIPORT_BLOCK>(adapter)->MiniportAdapterContext;
}

}  // namespace ndis
