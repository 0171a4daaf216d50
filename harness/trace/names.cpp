// SPDX-License-Identifier: MIT
// trace/names.cpp
#include "trace/names.hpp"

#include <fmt/format.h>

#include <span>

namespace rundown::trace {
namespace {

/// One number: its name in the text form, and in the documentation where that is another.
struct Name {
    std::uint64_t value;
    std::string_view text;
    std::string_view function = {};
};

constexpr Name kEvents[] = {
    {RD_EV_REGISTER_PROTOCOL, "register-protocol", "NdisRegisterProtocol"},
    {RD_EV_DEREGISTER_PROTOCOL, "deregister-protocol", "NdisDeregisterProtocol"},
    {RD_EV_OPEN_ADAPTER, "open-adapter", "NdisOpenAdapter"},
    {RD_EV_CLOSE_ADAPTER, "close-adapter", "NdisCloseAdapter"},
    {RD_EV_REQUEST, "request", "NdisRequest"},
    {RD_EV_SEND, "send", "NdisSend"},
    {RD_EV_SEND_PACKETS, "send-packets", "NdisSendPackets"},
    {RD_EV_TRANSFER_DATA, "transfer-data", "NdisTransferData"},
    {RD_EV_RETURN_PACKETS, "return-packets", "NdisReturnPackets"},
    {RD_EV_RESET, "reset", "NdisReset"},
    {RD_EV_COMPLETE_BIND, "complete-bind", "NdisCompleteBindAdapter"},
    {RD_EV_COMPLETE_UNBIND, "complete-unbind", "NdisCompleteUnbindAdapter"},
    {RD_EV_ALLOCATE_PACKET_POOL, "allocate-packet-pool", "NdisAllocatePacketPool"},
    {RD_EV_FREE_PACKET_POOL, "free-packet-pool", "NdisFreePacketPool"},
    {RD_EV_ALLOCATE_BUFFER_POOL, "allocate-buffer-pool", "NdisAllocateBufferPool"},
    {RD_EV_FREE_BUFFER_POOL, "free-buffer-pool", "NdisFreeBufferPool"},
    {RD_EV_CANCEL_SEND_PACKETS, "cancel-send-packets", "NdisCancelSendPackets"},
    {RD_EV_BIND_ADAPTER, "bind-adapter", "ProtocolBindAdapter"},
    {RD_EV_UNBIND_ADAPTER, "unbind-adapter", "ProtocolUnbindAdapter"},
    {RD_EV_OPEN_ADAPTER_COMPLETE, "open-adapter-complete", "ProtocolOpenAdapterComplete"},
    {RD_EV_CLOSE_ADAPTER_COMPLETE, "close-adapter-complete", "ProtocolCloseAdapterComplete"},
    {RD_EV_REQUEST_COMPLETE, "request-complete", "ProtocolRequestComplete"},
    {RD_EV_SEND_COMPLETE, "send-complete", "ProtocolSendComplete"},
    {RD_EV_TRANSFER_DATA_COMPLETE, "transfer-data-complete", "ProtocolTransferDataComplete"},
    {RD_EV_RESET_COMPLETE, "reset-complete", "ProtocolResetComplete"},
    {RD_EV_RECEIVE, "receive", "ProtocolReceive"},
    {RD_EV_RECEIVE_COMPLETE, "receive-complete", "ProtocolReceiveComplete"},
    {RD_EV_RECEIVE_PACKET, "receive-packet", "ProtocolReceivePacket"},
    {RD_EV_STATUS, "status", "ProtocolStatus"},
    {RD_EV_STATUS_COMPLETE, "status-complete", "ProtocolStatusComplete"},
    {RD_EV_PNP_EVENT, "pnp-event", "ProtocolPnPEvent"},
    {RD_EV_PROTOCOL_UNLOAD, "protocol-unload", "ProtocolUnload"},
    {RD_EV_DRIVER_ENTRY, "driver-entry", "DriverEntry"},
    {RD_EV_DRIVER_UNLOAD, "driver-unload", "Unload"},
    {RD_EV_SHUTDOWN, "shutdown", "the shutdown routine"},
    {RD_EV_DEVICE_CONTROL, "device-control", "the device-control routine"},
    {RD_EV_HANDLE_CREATE, "handle-create", "IRP_MJ_CREATE"},
    {RD_EV_HANDLE_CLOSE, "handle-close", "IRP_MJ_CLOSE"},
    {RD_EV_PACKET_SENT, "packet-sent", "NdisSendPackets"},
    {RD_EV_BINDING_CREATED, "binding-created"},
    {RD_EV_BINDING_FREED, "binding-freed"},
    {RD_EV_BINDING_TOUCHED, "binding-touched"},
    {RD_EV_IN_FLIGHT, "in-flight"},
    {RD_EV_LOAD, "load"},
    {RD_EV_FILTER_SET, "filter-set"},
    {RD_EV_OPEN_FREED, "open-freed"},
    {RD_EV_PROTOCOL_FREED, "protocol-freed"},
    {RD_EV_MARK, "mark"},
    {RD_EV_BUG_CHECK, "bug-check"},
    {RD_EV_BUG_CHECK_MORE, "bug-check-more"},
    {RD_EV_BUG_CHECK_STACK, "bug-check-stack"},
    {RD_EV_SYNC_POINT, "sync-point"},
    {RD_EV_IMAGE_LOADED, "image-loaded"},
    {RD_EV_IMAGE_UNLOADED, "image-unloaded"},
    {RD_EV_SWITCH, "switch"},
    {RD_EV_VIOLATION, "violation"},
};

constexpr Name kKinds[] = {
    {RD_KIND_CALL, "call"},
    {RD_KIND_RETURN, "return"},
    {RD_KIND_CALLBACK, "callback"},
    {RD_KIND_CALLBACK_RETURN, "callback-return"},
    {RD_KIND_NOTE, "note"},
};

constexpr Name kSources[] = {
    {RD_SOURCE_DRIVER, "driver"},
    {RD_SOURCE_NDIS, "ndis"},
    {RD_SOURCE_KERNEL, "kernel"},
    {RD_SOURCE_AGENT, "agent"},
};

constexpr Name kMarks[] = {
    {RD_MARK_BIND, "bind"},
    {RD_MARK_LOAD, "load"},
    {RD_MARK_TRIGGER, "trigger"},
    {RD_MARK_SETTLED, "settled"},
    {RD_MARK_RELOAD, "reload"},
    {RD_MARK_END, "end"},
};

constexpr Name kViolations[] = {
    {RD_VIOLATION_BAD_PROTOCOL_HANDLE, "bad-protocol-handle"},
    {RD_VIOLATION_BAD_OPEN_HANDLE, "bad-open-handle"},
    {RD_VIOLATION_WRONG_IRQL, "wrong-irql"},
    {RD_VIOLATION_UNBIND_LEFT_OPEN, "unbind-left-open"},
    {RD_VIOLATION_POOL_LEAKED, "pool-leaked"},
    {RD_VIOLATION_PACKET_LEAKED, "packet-leaked"},
    {RD_VIOLATION_LIVE_OBJECT, "live-object"},
    {RD_VIOLATION_BUFFER_LEAKED, "buffer-leaked"},
    {RD_VIOLATION_WRONG_CALL, "wrong-call"},
};

// The documentation of NDIS 5.1 and ntstatus.h.
constexpr Name kStatuses[] = {
    {0x00000000, "success", "NDIS_STATUS_SUCCESS"},
    {0x00000103, "pending", "NDIS_STATUS_PENDING"},
    {0x00010001, "not-recognized", "NDIS_STATUS_NOT_RECOGNIZED"},
    {0x00010003, "not-accepted", "NDIS_STATUS_NOT_ACCEPTED"},
    {0x4001000B, "media-connect", "NDIS_STATUS_MEDIA_CONNECT"},
    {0x4001000C, "media-disconnect", "NDIS_STATUS_MEDIA_DISCONNECT"},
    {0x40010004, "reset-start", "NDIS_STATUS_RESET_START"},
    {0x40010005, "reset-end", "NDIS_STATUS_RESET_END"},
    {0xC0000001, "failure", "NDIS_STATUS_FAILURE"},
    {0xC000009A, "resources", "NDIS_STATUS_RESOURCES"},
    {0xC00000BB, "not-supported", "NDIS_STATUS_NOT_SUPPORTED"},
    {0xC0010002, "closing", "NDIS_STATUS_CLOSING"},
    {0xC0010004, "bad-version", "NDIS_STATUS_BAD_VERSION"},
    {0xC0010005, "bad-characteristics", "NDIS_STATUS_BAD_CHARACTERISTICS"},
    {0xC0010006, "adapter-not-found", "NDIS_STATUS_ADAPTER_NOT_FOUND"},
    {0xC0010007, "open-failed", "NDIS_STATUS_OPEN_FAILED"},
    {0xC001000C, "request-aborted", "NDIS_STATUS_REQUEST_ABORTED"},
    {0xC001000D, "reset-in-progress", "NDIS_STATUS_RESET_IN_PROGRESS"},
    {0xC001000F, "invalid-packet", "NDIS_STATUS_INVALID_PACKET"},
    {0xC0010011, "adapter-not-ready", "NDIS_STATUS_ADAPTER_NOT_READY"},
    {0xC0010014, "invalid-length", "NDIS_STATUS_INVALID_LENGTH"},
    {0xC0010015, "invalid-data", "NDIS_STATUS_INVALID_DATA"},
    {0xC0010017, "invalid-oid", "NDIS_STATUS_INVALID_OID"},
    {0xC000000D, "invalid-parameter", "STATUS_INVALID_PARAMETER"},
    {0xC0000010, "invalid-device-request", "STATUS_INVALID_DEVICE_REQUEST"},
    {0xC0000034, "object-name-not-found", "STATUS_OBJECT_NAME_NOT_FOUND"},
    {0xC0000184, "invalid-device-state", "STATUS_INVALID_DEVICE_STATE"},
    {0xC0000263, "entry-point-not-found", "STATUS_DRIVER_ENTRYPOINT_NOT_FOUND"},
};

constexpr Name kOids[] = {
    {0x00010101, "OID_GEN_SUPPORTED_LIST"},
    {0x00010102, "OID_GEN_HARDWARE_STATUS"},
    {0x00010103, "OID_GEN_MEDIA_SUPPORTED"},
    {0x00010104, "OID_GEN_MEDIA_IN_USE"},
    {0x00010105, "OID_GEN_MAXIMUM_LOOKAHEAD"},
    {0x00010106, "OID_GEN_MAXIMUM_FRAME_SIZE"},
    {0x00010107, "OID_GEN_LINK_SPEED"},
    {0x0001010D, "OID_GEN_VENDOR_DESCRIPTION"},
    {0x0001010E, "OID_GEN_CURRENT_PACKET_FILTER"},
    {0x0001010F, "OID_GEN_CURRENT_LOOKAHEAD"},
    {0x00010111, "OID_GEN_MAXIMUM_TOTAL_SIZE"},
    {0x00010114, "OID_GEN_MEDIA_CONNECT_STATUS"},
    {0x00020101, "OID_GEN_XMIT_OK"},
    {0x00020102, "OID_GEN_RCV_OK"},
    {0x00020103, "OID_GEN_XMIT_ERROR"},
    {0x00020104, "OID_GEN_RCV_ERROR"},
    {0x00020105, "OID_GEN_RCV_NO_BUFFER"},
    {0x01010101, "OID_802_3_PERMANENT_ADDRESS"},
    {0x01010102, "OID_802_3_CURRENT_ADDRESS"},
    {0x01010103, "OID_802_3_MULTICAST_LIST"},
    {0x01010104, "OID_802_3_MAXIMUM_LIST_SIZE"},
};

// Bug Check Code Reference.
constexpr Name kBugChecks[] = {
    {0x00000001, "APC_INDEX_MISMATCH"},
    {0x00000008, "IRQL_NOT_DISPATCH_LEVEL"},
    {0x00000009, "IRQL_NOT_GREATER_OR_EQUAL"},
    {0x0000000A, "IRQL_NOT_LESS_OR_EQUAL"},
    {0x0000000C, "MAXIMUM_WAIT_OBJECTS_EXCEEDED"},
    {0x0000000F, "SPIN_LOCK_ALREADY_OWNED"},
    {0x00000010, "SPIN_LOCK_NOT_OWNED"},
    {0x00000011, "THREAD_NOT_MUTEX_OWNER"},
    {0x00000018, "REFERENCE_BY_POINTER"},
    {0x00000019, "BAD_POOL_HEADER"},
    {0x0000001A, "MEMORY_MANAGEMENT"},
    {0x0000001E, "KMODE_EXCEPTION_NOT_HANDLED"},
    {0x00000020, "KERNEL_APC_PENDING_DURING_EXIT"},
    {0x00000027, "RDR_FILE_SYSTEM"},
    {0x0000002A, "INCONSISTENT_IRP"},
    {0x00000031, "PHASE0_INITIALIZATION_FAILED"},
    {0x00000035, "NO_MORE_IRP_STACK_LOCATIONS"},
    {0x0000003B, "SYSTEM_SERVICE_EXCEPTION"},
    {0x0000003F, "NO_MORE_SYSTEM_PTES"},
    {0x00000041, "MUST_SUCCEED_POOL_EMPTY"},
    {0x00000044, "MULTIPLE_IRP_COMPLETE_REQUESTS"},
    {0x00000048, "CANCEL_STATE_IN_COMPLETED_IRP"},
    {0x0000004E, "PFN_LIST_CORRUPT"},
    {0x00000050, "PAGE_FAULT_IN_NONPAGED_AREA"},
    {0x00000067, "CONFIG_INITIALIZATION_FAILED"},
    {0x0000007A, "KERNEL_DATA_INPAGE_ERROR"},
    {0x0000007B, "INACCESSIBLE_BOOT_DEVICE"},
    {0x0000007C, "BUGCODE_NDIS_DRIVER"},
    {0x0000007E, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED"},
    {0x0000007F, "UNEXPECTED_KERNEL_MODE_TRAP"},
    {0x00000080, "NMI_HARDWARE_FAILURE"},
    {0x00000081, "SPIN_LOCK_INIT_FAILURE"},
    {0x0000008E, "KERNEL_MODE_EXCEPTION_NOT_HANDLED"},
    {0x00000093, "INVALID_KERNEL_HANDLE"},
    {0x00000096, "INVALID_WORK_QUEUE_ITEM"},
    {0x0000009F, "DRIVER_POWER_STATE_FAILURE"},
    {0x000000B8, "ATTEMPTED_SWITCH_FROM_DPC"},
    {0x000000BE, "ATTEMPTED_WRITE_TO_READONLY_MEMORY"},
    {0x000000C1, "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION"},
    {0x000000C2, "BAD_POOL_CALLER"},
    {0x000000C4, "DRIVER_VERIFIER_DETECTED_VIOLATION"},
    {0x000000C5, "DRIVER_CORRUPTED_EXPOOL"},
    {0x000000C7, "TIMER_OR_DPC_INVALID"},
    {0x000000C8, "IRQL_UNEXPECTED_VALUE"},
    {0x000000C9, "DRIVER_VERIFIER_IOMANAGER_VIOLATION"},
    {0x000000CB, "DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS"},
    {0x000000CE, "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS"},
    {0x000000D1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL"},
    {0x000000D5, "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL"},
    {0x000000D6, "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION"},
    {0x000000DA, "SYSTEM_PTE_MISUSE"},
    {0x000000E1, "WORKER_THREAD_RETURNED_AT_BAD_IRQL"},
    {0x000000E2, "MANUALLY_INITIATED_CRASH"},
    {0x000000E3, "RESOURCE_NOT_OWNED"},
    {0x000000E6, "DRIVER_VERIFIER_DMA_VIOLATION"},
    {0x000000E9, "ACTIVE_EX_WORKER_THREAD_TERMINATION"},
    {0x000000F7, "DRIVER_OVERRAN_STACK_BUFFER"},
    {0x000000FC, "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY"},
    {0x00000101, "CLOCK_WATCHDOG_TIMEOUT"},
    {0x00000133, "DPC_WATCHDOG_VIOLATION"},
    {0x00000139, "KERNEL_SECURITY_CHECK_FAILURE"},
    {0x0000013A, "KERNEL_MODE_HEAP_CORRUPTION"},
    {0x0000015E, "BUGCODE_NDIS_DRIVER_LIVE_DUMP"},
    {0x4000008A, "THREAD_TERMINATE_HELD_MUTEX"},
};

const Name* find(std::span<const Name> names, std::uint64_t value) {
    for (const Name& name : names) {
        if (name.value == value) {
            return &name;
        }
    }
    return nullptr;
}

std::string_view text_of(std::span<const Name> names, std::uint64_t value) {
    const Name* name = find(names, value);
    return name != nullptr ? name->text : "?";
}

template <class T>
std::optional<T> value_of(std::span<const Name> names, std::string_view text) {
    for (const Name& name : names) {
        if (name.text == text) {
            return static_cast<T>(name.value);
        }
    }
    return std::nullopt;
}

}  // namespace

std::string_view event_name(std::uint16_t event) {
    return text_of(kEvents, event);
}
std::string_view kind_name(std::uint8_t kind) {
    return text_of(kKinds, kind);
}
std::string_view source_name(std::uint8_t source) {
    return text_of(kSources, source);
}
std::string_view mark_name(std::uint64_t mark) {
    return text_of(kMarks, mark);
}
std::string_view violation_name(std::uint64_t violation) {
    return text_of(kViolations, violation);
}

std::optional<std::uint16_t> event_from(std::string_view name) {
    return value_of<std::uint16_t>(kEvents, name);
}
std::optional<std::uint8_t> kind_from(std::string_view name) {
    return value_of<std::uint8_t>(kKinds, name);
}
std::optional<std::uint8_t> source_from(std::string_view name) {
    return value_of<std::uint8_t>(kSources, name);
}
std::optional<std::uint64_t> mark_from(std::string_view name) {
    return value_of<std::uint64_t>(kMarks, name);
}
std::optional<std::uint64_t> violation_from(std::string_view name) {
    return value_of<std::uint64_t>(kViolations, name);
}
std::optional<std::uint32_t> status_from(std::string_view name) {
    return value_of<std::uint32_t>(kStatuses, name);
}

std::string function_name(std::uint16_t event) {
    const Name* name = find(kEvents, event);
    if (name == nullptr) {
        return fmt::format("event {}", event);
    }
    return std::string(name->function.empty() ? name->text : name->function);
}

std::string status_name(std::uint32_t status) {
    const Name* name = find(kStatuses, status);
    return name != nullptr ? std::string(name->function) : fmt::format("0x{:08X}", status);
}

std::string oid_name(std::uint32_t oid) {
    const Name* name = find(kOids, oid);
    return name != nullptr ? std::string(name->text) : fmt::format("OID 0x{:08X}", oid);
}

std::string bug_check_name(std::uint32_t code) {
    const Name* name = find(kBugChecks, code);
    return name != nullptr ? fmt::format("{} (0x{:X})", name->text, code)
                           : fmt::format("0x{:X}", code);
}

std::string irql_name(std::uint64_t irql) {
    switch (irql) {
        case 0:
            return "PASSIVE_LEVEL";
        case 1:
            return "APC_LEVEL";
        case 2:
            return "DISPATCH_LEVEL";
        default:
            return fmt::format("IRQL {}", irql);
    }
}

std::string tag_name(std::uint32_t tag) {
    std::string text;
    for (int i = 0; i < 4; ++i) {
        const auto letter = static_cast<char>(tag >> (8 * i) & 0xFF);
        if (letter < ' ' || letter > '~') {
            return fmt::format("0x{:08X}", tag);
        }
        text += letter;
    }
    return text;
}

}  // namespace rundown::trace
