// SPDX-License-Identifier: MIT
// ndis/lib/shutdown.cpp
//
// A miniport's shutdown handler. Having one makes the adapter's device ask for IRP_MJ_SHUTDOWN; the core answers that with
// call_shutdown_handler. https://learn.microsoft.com/previous-versions/windows/hardware/network/ff553598(v=vs.85)
#include "ndis/lib/core_seam.hpp"
#include "ndis/lib/release.hpp"

using namespace ndis;

namespace ndis {

void release_shutdown_handler(AdapterResources& resources) {
    {
        SpinGuard guard(resources.lock);
        resources.shutdown_handler = nullptr;
    }
    if (resources.shutdown_registered) IoUnregisterShutdownNotification(resources.fdo);
    resources.shutdown_registered = false;
}

void call_shutdown_handler(AdapterResources& resources) {
    const ADAPTER_SHUTDOWN_HANDLER handler = __atomic_exchange_n(&resources.shutdown_handler, nullptr, __ATOMIC_ACQ_REL);
    if (handler) handler(resources.shutdown_context);
}

}  // namespace ndis

/// The handler is called once, when the system goes down. PASSIVE_LEVEL, from MiniportInitialize.
VOID NTAPI NdisMRegisterAdapterShutdownHandler(
    NDIS_HANDLE MiniportAdapterHandle, PVOID ShutdownContext, ADAPTER_SHUTDOWN_HANDLER ShutdownHandler) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMRegisterAdapterShutdownHandler", NDIS_CALLER);
    AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    resources.shutdown_context = ShutdownContext;
    __atomic_store_n(&resources.shutdown_handler, ShutdownHandler, __ATOMIC_RELEASE);
    if (!resources.shutdown_registered) resources.shutdown_registered = NT_SUCCESS(IoRegisterShutdownNotification(resources.fdo));
}

/// From MiniportHalt. PASSIVE_LEVEL.
VOID NTAPI NdisMDeregisterAdapterShutdownHandler(NDIS_HANDLE MiniportAdapterHandle) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMDeregisterAdapterShutdownHandler", NDIS_CALLER);
    release_shutdown_handler(*resources_of(MiniportAdapterHandle));
}
