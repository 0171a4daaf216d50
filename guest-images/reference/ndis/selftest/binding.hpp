// SPDX-License-Identifier: MIT
// ndis/selftest/binding.hpp
//
// The test protocol: registered and bound to the test miniport for the length of a test, and what its handlers have been told.
#pragma once
#include "ndis/selftest/card.hpp"

namespace ndistest {

constexpr UINT kPatience = 5000;  // milliseconds to wait for anything

/// What NDIS has told the protocol. One binding at a time.
struct Told {
    NDIS_HANDLE handle;            ///< The binding's; null: not bound.
    NDIS_STATUS open, close, unsupported_medium, unknown_adapter, instance_name;
    ULONG binds, unbinds, closes, removal_queries;
    NDIS_STATUS event_answer;      ///< What PnPEvent says.

    NDIS_EVENT opened, closed, bound, sent, requested, reset, received, transferred, indicated;
    NDIS_STATUS send, request, reset_status, transfer_status, last_status;
    PNDIS_PACKET sent_packet;
    ULONG sends, status_starts, status_completes, reset_starts, reset_ends, disconnects, connects;
    ULONG packets, receives, receive_completes;
    bool keep;                     ///< ReceivePacket keeps the packet: NdisReturnPackets follows.
    PNDIS_PACKET kept;
    bool transfer;                 ///< Receive asks for the rest with NdisTransferData.
    UINT lookahead, packet_bytes, transfer_bytes;
    bool from_packet;              ///< NdisGetReceivedPacket gave a packet in Receive.
    UCHAR header[kHeaderBytes];
};
extern Told told;
extern bool PendBinds;  ///< BindAdapter, UnbindAdapter and PnPEvent pend, and are completed from a work item.

/// A packet with one buffer of `bytes` for the length of a scope.
class OnePacket {
  public:
    OnePacket(PVOID data, UINT bytes);
    ~OnePacket();
    OnePacket(const OnePacket&) = delete;
    OnePacket& operator=(const OnePacket&) = delete;
    PNDIS_PACKET packet = nullptr;

  private:
    NDIS_HANDLE packets_ = nullptr, buffers_ = nullptr;
    PNDIS_BUFFER buffer_ = nullptr;
};

/// Where Receive's NdisTransferData puts what it asks for.
extern UCHAR TransferredBytes[kFrameBytes];

/// Registers the protocol with Linkage\Bind naming the test miniport, waits for the bind; undoes that at its end.
class Binding {
  public:
    Binding();
    ~Binding();
    Binding(const Binding&) = delete;
    Binding& operator=(const Binding&) = delete;

    /// Null: bound; otherwise what went wrong.
    const char* wrong() const { return wrong_; }
    NDIS_HANDLE registration() const { return protocol_; }
    /// Deregisters before the end of the scope. What NdisDeregisterProtocol said.
    NDIS_STATUS deregister();

  private:
    OnePacket transfer_{TransferredBytes, kFrameBytes};  ///< For NdisTransferData.
    NDIS_HANDLE protocol_ = nullptr;
    const char* wrong_ = nullptr;
};

/// Fills in the characteristics of the test protocol.
NDIS_PROTOCOL_CHARACTERISTICS characteristics();

/// A request of the binding, waited for. PASSIVE_LEVEL.
NDIS_STATUS ask(NDIS_REQUEST_TYPE type, NDIS_OID oid, PVOID buffer, UINT bytes, PUINT done = nullptr, PUINT needed = nullptr);
/// Issues one and does not wait; `request` must stay.
NDIS_STATUS begin_request(NDIS_REQUEST& request, NDIS_REQUEST_TYPE type, NDIS_OID oid, PVOID buffer, UINT bytes);

}  // namespace ndistest
