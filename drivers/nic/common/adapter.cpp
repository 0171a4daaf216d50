// SPDX-License-Identifier: MIT
// nic/common/adapter.cpp
//
// The life of an adapter: MiniportInitialize, MiniportHalt, and starting and stopping the card
// between them.
#include "adapter.hpp"
#include <new>

namespace nic
{

namespace
{

constexpr uint32_t kSparesDefault = 128, kReceiveBuffersMin = 16, kReceiveBuffersMax = 2048;

bool
has_ethernet(PNDIS_MEDIUM media, UINT count, PUINT selected)
{
    for (UINT i = 0; i < count; ++i) {
        if (media[i] == NdisMedium802_3) {
            *selected = i;
            return true;
        }
    }
    return false;
}

/// Adapter and Device in one block of zeroed memory, or null.
Adapter *
allocate_adapter(NDIS_HANDLE miniport)
{
    const size_t offset = (sizeof(Adapter) + 15) & ~size_t{15};
    const auto bytes = static_cast<UINT>(offset + device_model.device_bytes);
    PVOID memory = nullptr;
    if (NdisAllocateMemoryWithTag(&memory, bytes, device_model.pool_tag) != NDIS_STATUS_SUCCESS) {
        return nullptr;
    }
    NdisZeroMemory(memory, bytes);
    auto *adapter = new (memory) Adapter;
    adapter->miniport = miniport;
    adapter->device = device_model.construct(static_cast<uint8_t *>(memory) + offset);
    NdisAllocateSpinLock(&adapter->receive_lock);
    NdisAllocateSpinLock(&adapter->send_lock);
    NdisInitializeEvent(&adapter->all_returned);
    adapter->has_locks = true;
    return adapter;
}

/// A number of the adapter's key, or `otherwise` when it is not there or not within the bounds.
uint32_t
read_number(
    NDIS_HANDLE configuration,
    const wchar_t *name,
    uint32_t least,
    uint32_t most,
    uint32_t otherwise)
{
    NDIS_STATUS status;
    NDIS_HANDLE key = nullptr;
    NdisOpenConfiguration(&status, &key, configuration);
    if (status != NDIS_STATUS_SUCCESS) {
        return otherwise;
    }
    NDIS_STRING keyword;
    NdisInitUnicodeString(&keyword, name);
    NDIS_CONFIGURATION_PARAMETER *value = nullptr;
    NdisReadConfiguration(&status, &value, key, &keyword, NdisParameterInteger);
    uint32_t number = otherwise;
    if (status == NDIS_STATUS_SUCCESS && value->ParameterData.IntegerData >= least &&
        value->ParameterData.IntegerData <= most) {
        number = value->ParameterData.IntegerData;
    }
    NdisCloseConfiguration(key);
    return number;
}

/// All of the adapter's receive buffers: "ReceiveBuffers".
uint32_t
receive_buffer_count(NDIS_HANDLE configuration)
{
    return read_number(
        configuration,
        L"ReceiveBuffers",
        kReceiveBuffersMin,
        kReceiveBuffersMax,
        device_model.receive_slots + kSparesDefault);
}

/// "Serialized" = 1: NDIS makes one call at a time, as of a miniport that knows no better.
uint32_t
attributes_of(Adapter &adapter, NDIS_HANDLE configuration)
{
    adapter.serialized = read_number(configuration, L"Serialized", 0, 1, 0) == 1;
    return NDIS_ATTRIBUTE_BUS_MASTER | NDIS_ATTRIBUTE_SURPRISE_REMOVE_OK |
           (adapter.serialized ? 0 : NDIS_ATTRIBUTE_DESERIALIZE);
}

/// The address to answer to: the one in the registry (NetworkAddress) when it is a fair one, else
/// the card's.
MacAddress
current_address(NDIS_HANDLE configuration, const MacAddress &permanent)
{
    MacAddress address = permanent;
    NDIS_STATUS status;
    NDIS_HANDLE key = nullptr;
    NdisOpenConfiguration(&status, &key, configuration);
    if (status != NDIS_STATUS_SUCCESS) {
        return address;
    }
    PVOID bytes = nullptr;
    UINT length = 0;
    NdisReadNetworkAddress(&status, &bytes, &length, key);
    if (status == NDIS_STATUS_SUCCESS && length == sizeof(MacAddress)) {
        MacAddress configured;
        NdisMoveMemory(configured.bytes, bytes, sizeof(configured));
        if (!configured.is_group() && !configured.is_zero()) {
            address = configured;
        }
    }
    NdisCloseConfiguration(key);
    return address;
}

NDIS_STATUS
connect_interrupt(Adapter &adapter)
{
    const InterruptResource &line = adapter.function.interrupt();
    const NDIS_STATUS status = NdisMRegisterInterrupt(
        &adapter.interrupt,
        adapter.miniport,
        line.vector,
        line.level,
        TRUE, // MiniportIsr is called for every interrupt on the line, and recognises its own.
        TRUE,
        line.latched ? NdisInterruptLatched : NdisInterruptLevelSensitive);
    adapter.has_interrupt = status == NDIS_STATUS_SUCCESS;
    return status;
}

/// Everything of MiniportInitialize that can fail once the adapter exists.
NDIS_STATUS
bring_up(Adapter &adapter, NDIS_HANDLE configuration)
{
    NDIS_STATUS status = adapter.function.read(adapter.miniport, configuration);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    adapter.function.enable_bus_master();
    // Both cards address all of memory; the longest transfer is one frame.
    status = NdisMInitializeScatterGatherDma(adapter.miniport, TRUE, kFrameBytesMax);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    status = adapter.device->acquire(adapter.miniport, adapter.function);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    adapter.permanent_address = adapter.device->permanent_address();
    adapter.filter.set_address(current_address(configuration, adapter.permanent_address));
    status = adapter.pool.create(
        adapter.miniport,
        receive_buffer_count(configuration),
        device_model.frame_offset,
        device_model.pool_tag);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    status = connect_interrupt(adapter);
    if (status != NDIS_STATUS_SUCCESS) {
        return status;
    }
    NdisMRegisterAdapterShutdownHandler(adapter.miniport, &adapter, MiniportShutdown);
    adapter.has_shutdown_handler = true;

    const LockGuard receive(adapter.receive_lock);
    const LockGuard send(adapter.send_lock);
    if (!start_device(adapter)) {
        return NDIS_STATUS_HARD_ERRORS;
    }
    adapter.state = AdapterState::running;
    adapter.device->enable_interrupts(
        adapter.interrupt); // "Work already" has raised its interrupt.
    return NDIS_STATUS_SUCCESS;
}

} // namespace

bool
start_device(Adapter &adapter)
{
    if (adapter.removed || !adapter.device->start(adapter.filter)) {
        return false;
    }
    refill_ring(adapter);
    adapter.link = adapter.device->link();
    return true;
}

void
stop_device(Adapter &adapter, PacketQueue &unsent)
{
    adapter.device->stop();
    while (void *packet = adapter.device->take_back_transmit()) {
        unsent.push_back(static_cast<NDIS_PACKET *>(packet));
    }
    adapter.sent.send_errors += unsent.count();
    adapter.in_ring = 0;
    adapter.waiting.move_to(unsent);
    while (ReceiveBuffer *buffer = adapter.device->take_back_receive()) {
        adapter.pool.give_free(buffer);
    }
}

void
destroy_adapter(Adapter *adapter)
{
    if (adapter->has_shutdown_handler) {
        NdisMDeregisterAdapterShutdownHandler(adapter->miniport);
    }
    if (adapter->has_interrupt) {
        NdisMDeregisterInterrupt(&adapter->interrupt); // Returns when no handler runs any more.
    }
    stop_again(*adapter);
    bool wait = false;
    {
        const LockGuard receive(adapter->receive_lock);
        adapter->halt_waits = wait = adapter->receives_out != 0;
    }
    if (wait) {
        // Protocols return what they hold before their opens are closed, and NDIS halts us after
        // that: it is short.
        NdisWaitEvent(&adapter->all_returned, 0);
        // Whoever returned the last packet set the event under the lock, and may still be about to
        // release it.
        const LockGuard receive(adapter->receive_lock);
    }
    adapter->pool.destroy(adapter->miniport);
    adapter->device->release();
    NdisFreeSpinLock(&adapter->send_lock);
    NdisFreeSpinLock(&adapter->receive_lock);
    NdisFreeMemory(adapter, 0, 0);
}

extern "C" NDIS_STATUS NTAPI
MiniportInitialize(
    PNDIS_STATUS open_error_status,
    PUINT selected_medium,
    PNDIS_MEDIUM media,
    UINT media_count,
    NDIS_HANDLE miniport,
    NDIS_HANDLE configuration)
{
    *open_error_status = NDIS_STATUS_SUCCESS;
    if (!has_ethernet(media, media_count, selected_medium)) {
        return NDIS_STATUS_UNSUPPORTED_MEDIA;
    }
    Adapter *adapter = allocate_adapter(miniport);
    if (adapter == nullptr) {
        return NDIS_STATUS_RESOURCES;
    }
    NdisMSetAttributesEx(
        miniport,
        adapter,
        2, // Seconds between calls of MiniportCheckForHang.
        attributes_of(*adapter, configuration),
        NdisInterfacePci);
    prepare_again(*adapter);
    const NDIS_STATUS status = bring_up(*adapter, configuration);
    if (status != NDIS_STATUS_SUCCESS) {
        DbgPrint(
            "%s: adapter does not start, status %08lx\n",
            device_model.description,
            static_cast<unsigned long>(status));
        PacketQueue none;
        stop_device(*adapter, none);
        destroy_adapter(adapter);
        return status;
    }
    // On a system with a driver of its own for the card this says whose it is.
    DbgPrint("%s: adapter started\n", device_model.description);
    return status;
}

extern "C" VOID NTAPI
MiniportHalt(NDIS_HANDLE context)
{
    Adapter &adapter = adapter_of(context);
    PacketQueue unsent;
    bool complete_filter = false;
    {
        const LockGuard receive(adapter.receive_lock);
        const LockGuard send(adapter.send_lock);
        adapter.state = AdapterState::halted;
        stop_device(adapter, unsent);
        complete_filter = adapter.filter_pending;
        adapter.filter_pending = false;
    }
    set_status(unsent, NDIS_STATUS_FAILURE);
    finish_packets(adapter, unsent);
    if (complete_filter) {
        NdisMSetInformationComplete(adapter.miniport, NDIS_STATUS_FAILURE);
    }
    destroy_adapter(&adapter);
}

} // namespace nic
