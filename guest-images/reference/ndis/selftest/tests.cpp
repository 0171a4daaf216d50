// SPDX-License-Identifier: MIT
// ndis/selftest/tests.cpp
//
// What NDIS promises a protocol and a miniport of each other: registrations, opens, requests, filters, sends, receives, transfers,
// resets, status, removal. Each test has a binding of its own. They run twice: the miniport deserialised, and serialised.
#include "ndis/selftest/binding.hpp"
#include "ndis/selftest/run.hpp"

namespace ndistest {

namespace {

#define BOUND()          \
    Binding binding;     \
    if (binding.wrong()) return binding.wrong()

constexpr ULONG kDirected = NDIS_PACKET_TYPE_DIRECTED, kBroadcast = NDIS_PACKET_TYPE_BROADCAST;
UCHAR frame[kFrameBytes] = {0x02, 0x52, 0x44, 0, 0, 9, 0x02, 0x52, 0x44, 0, 0, 1, 0x88, 0xb5};

const char* set_filter(ULONG filter) {
    RD_EXPECT(ask(NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof filter) == NDIS_STATUS_SUCCESS);
    return nullptr;
}

const char* device() { return card.present ? device_fault() : "MiniportInitialize was not called"; }

const char* registrations() {
    NDIS_STATUS status;
    NDIS_HANDLE protocol;
    NDIS_PROTOCOL_CHARACTERISTICS own = characteristics();
    own.MajorNdisVersion = 2;
    NdisRegisterProtocol(&status, &protocol, &own, sizeof own);
    RD_EXPECT(status == NDIS_STATUS_BAD_VERSION);
    own = characteristics();
    NdisRegisterProtocol(&status, &protocol, &own, 16);
    RD_EXPECT(status == NDIS_STATUS_BAD_CHARACTERISTICS);
    own.UnbindAdapterHandler = nullptr;
    NdisRegisterProtocol(&status, &protocol, &own, sizeof own);
    RD_EXPECT(status == NDIS_STATUS_BAD_CHARACTERISTICS);
    BOUND();
    RD_EXPECT(binding.deregister() == NDIS_STATUS_SUCCESS && told.unbinds == 1 && told.binds == 1);
    return nullptr;
}

const char* opens() {
    BOUND();
    RD_EXPECT(told.unsupported_medium == NDIS_STATUS_UNSUPPORTED_MEDIA);
    RD_EXPECT(told.unknown_adapter == NDIS_STATUS_ADAPTER_NOT_FOUND);
    RD_EXPECT(told.instance_name == NDIS_STATUS_SUCCESS);
    NDIS_STRING name;
    RD_EXPECT(NdisQueryAdapterInstanceName(&name, told.handle) == NDIS_STATUS_SUCCESS && name.Length != 0);
    NdisFreeString(name);
    return nullptr;
}

const char* requests() {
    BOUND();
    ULONG number = 0;
    UINT done = 0, needed = 0;
    RD_EXPECT(ask(NdisRequestQueryInformation, OID_GEN_VENDOR_ID, &number, sizeof number, &done) == NDIS_STATUS_SUCCESS);
    RD_EXPECT(number == kVendorId && done == sizeof number);
    const NDIS_STATUS small = ask(NdisRequestQueryInformation, OID_GEN_VENDOR_ID, &number, 2, &done, &needed);
    RD_EXPECT((small == NDIS_STATUS_BUFFER_TOO_SHORT || small == NDIS_STATUS_INVALID_LENGTH) && needed == sizeof number);
    RD_EXPECT(ask(NdisRequestQueryInformation, OID_GEN_VENDOR_DRIVER_VERSION, &number, 4) == NDIS_STATUS_NOT_SUPPORTED);
    return nullptr;
}

const char* pending_requests() {
    BOUND();
    static NDIS_REQUEST request;
    static ULONG number;
    number = 0;
    card.requests_pend = true;
    NdisResetEvent(&card.called);
    const NDIS_STATUS status = begin_request(request, NdisRequestQueryInformation, OID_GEN_VENDOR_ID, &number, sizeof number);
    const bool called = NdisWaitEvent(&card.called, kPatience);
    card.requests_pend = false;
    ULONG pending = 0;
    const NDIS_STATUS counted = NdisQueryPendingIOCount(told.handle, &pending);
    RD_EXPECT(act(complete_request));
    RD_EXPECT(status == NDIS_STATUS_PENDING && called && counted == NDIS_STATUS_SUCCESS && pending == 1);
    RD_EXPECT(NdisWaitEvent(&told.requested, kPatience) && told.request == NDIS_STATUS_SUCCESS && number == kVendorId);
    return nullptr;
}

const char* pending_sets() {
    BOUND();
    static NDIS_REQUEST request;
    static ULONG lookahead = 128;
    card.sets_pend = true;
    NdisResetEvent(&card.called);
    const NDIS_STATUS status = begin_request(request, NdisRequestSetInformation, OID_GEN_CURRENT_LOOKAHEAD, &lookahead, sizeof lookahead);
    const bool called = NdisWaitEvent(&card.called, kPatience);
    card.sets_pend = false;
    RD_EXPECT(act(complete_set));
    RD_EXPECT(status == NDIS_STATUS_PENDING && called && card.lookahead == 128);
    RD_EXPECT(NdisWaitEvent(&told.requested, kPatience) && told.request == NDIS_STATUS_SUCCESS);
    return nullptr;
}

const char* filters() {
    BOUND();
    if (const char* wrong = set_filter(kDirected | NDIS_PACKET_TYPE_MULTICAST)) return wrong;
    RD_EXPECT((card.filter & kDirected) && (card.filter & NDIS_PACKET_TYPE_MULTICAST));
    UCHAR groups[12] = {1, 0, 0x5e, 0, 0, 1, 1, 0, 0x5e, 0, 0, 2};
    RD_EXPECT(ask(NdisRequestSetInformation, OID_802_3_MULTICAST_LIST, groups, sizeof groups) == NDIS_STATUS_SUCCESS);
    RD_EXPECT(card.addresses == 2);
    RD_EXPECT(ask(NdisRequestSetInformation, OID_802_3_MULTICAST_LIST, groups, 7) == NDIS_STATUS_INVALID_LENGTH);
    ULONG lookahead = kLookahead + 1;
    RD_EXPECT(ask(NdisRequestSetInformation, OID_GEN_CURRENT_LOOKAHEAD, &lookahead, sizeof lookahead) != NDIS_STATUS_SUCCESS);
    lookahead = 64;
    RD_EXPECT(ask(NdisRequestSetInformation, OID_GEN_CURRENT_LOOKAHEAD, &lookahead, sizeof lookahead) == NDIS_STATUS_SUCCESS);
    RD_EXPECT(card.lookahead == 64);
    binding.deregister();
    RD_EXPECT(card.filter == 0 && card.addresses == 0 && card.lookahead == kLookahead);
    return nullptr;
}

const char* sends() {
    BOUND();
    OnePacket one(frame, kFrameBytes);
    RD_EXPECT(one.packet);
    NDIS_STATUS status;
    NdisSend(&status, told.handle, one.packet);
    if (status == NDIS_STATUS_PENDING) {
        RD_EXPECT(NdisWaitEvent(&told.sent, kPatience) && told.sent_packet == one.packet);
        status = told.send;
    }
    RD_EXPECT(status == NDIS_STATUS_SUCCESS && card.sends != 0);
    const ULONG completed = told.sends;
    NdisResetEvent(&told.sent);
    NdisSendPackets(told.handle, &one.packet, 1);
    RD_EXPECT(NdisWaitEvent(&told.sent, kPatience) && told.send == NDIS_STATUS_SUCCESS && told.sends == completed + 1);
    return nullptr;
}

const char* pending_sends() {
    BOUND();
    OnePacket one(frame, kFrameBytes);
    RD_EXPECT(one.packet);
    static int id;
    NDIS_SET_PACKET_CANCEL_ID(one.packet, &id);
    card.sends_pend = true;
    card.cancelled_by_id = nullptr;
    NdisResetEvent(&card.called);
    NdisSendPackets(told.handle, &one.packet, 1);
    const bool called = NdisWaitEvent(&card.called, kPatience);
    const bool early = told.sends != 0;
    NdisCancelSendPackets(told.handle, &id);
    card.sends_pend = false;
    const bool cancel_came = card.cancelled_by_id == one.packet;
    RD_EXPECT(act(complete_send));
    RD_EXPECT(NdisWaitEvent(&told.sent, kPatience) && told.sent_packet == one.packet && told.sends == 1);
    RD_EXPECT(called && !early && cancel_came);
    return nullptr;
}

/// A serialised miniport may be out of resources; NDIS keeps the packet until it has some.
const char* sends_without_resources() {
    BOUND();
    OnePacket one(frame, kFrameBytes);
    RD_EXPECT(one.packet);
    card.out_of_resources = true;
    NdisResetEvent(&card.called);
    NdisSendPackets(told.handle, &one.packet, 1);
    const bool called = !card.serialized || NdisWaitEvent(&card.called, kPatience);
    const bool early = card.serialized && told.sends != 0;
    card.out_of_resources = false;
    RD_EXPECT(act(give_resources));
    RD_EXPECT(NdisWaitEvent(&told.sent, kPatience) && told.send == NDIS_STATUS_SUCCESS && told.sends == 1);
    RD_EXPECT(called && !early);
    return nullptr;
}

const char* receives() {
    BOUND();
    RD_EXPECT(act(indicate_packet));
    RD_EXPECT(told.packets == 0);  // no filter yet
    if (const char* wrong = set_filter(kBroadcast)) return wrong;
    const ULONG returned = card.returned;
    RD_EXPECT(act(indicate_packet));
    RD_EXPECT(NdisWaitEvent(&told.received, kPatience) && told.packets == 1 && told.receive_completes == 1);
    told.keep = true;
    RD_EXPECT(act(indicate_packet));
    RD_EXPECT(told.packets == 2 && told.kept && card.returned == returned + 1);
    NdisReturnPackets(&told.kept, 1);
    for (UINT waited = 0; card.returned == returned + 1 && waited < kPatience; ++waited) NdisMSleep(1000);
    RD_EXPECT(card.returned == returned + 2);
    return nullptr;
}

const char* receives_without_resources() {
    BOUND();
    if (const char* wrong = set_filter(kBroadcast)) return wrong;
    const ULONG returned = card.returned;
    RD_EXPECT(act(indicate_packet_without_resources));
    RD_EXPECT(told.receives == 1 && told.packets == 0 && told.from_packet && card.returned == returned);
    RD_EXPECT(told.packet_bytes == kFrameBytes - kHeaderBytes && told.header[12] == 0x88 && told.header[13] == 0xb5);
    return nullptr;
}

const char* ethernet_receives() {
    BOUND();
    if (const char* wrong = set_filter(kBroadcast)) return wrong;
    const ULONG transfers = card.transfers;
    RD_EXPECT(act(indicate_ethernet));
    RD_EXPECT(told.receives == 1 && told.receive_completes == 1 && !told.from_packet && told.lookahead == 20);
    RD_EXPECT(told.packet_bytes == kFrameBytes - kHeaderBytes && told.header[12] == 0x88);
    told.transfer = true;
    RtlZeroMemory(TransferredBytes, sizeof TransferredBytes);
    RD_EXPECT(act(indicate_ethernet));
    RD_EXPECT(NdisWaitEvent(&told.transferred, kPatience) && told.transfer_status == NDIS_STATUS_SUCCESS);
    RD_EXPECT(told.transfer_bytes == kFrameBytes - kHeaderBytes && card.transfers == transfers + 1);
    RD_EXPECT(TransferredBytes[0] == kHeaderBytes && TransferredBytes[45] == kFrameBytes - 1);
    return nullptr;
}

const char* pending_transfers() {
    BOUND();
    if (const char* wrong = set_filter(kBroadcast)) return wrong;
    told.transfer = card.transfers_pend = true;
    const bool indicated = act(indicate_ethernet);
    card.transfers_pend = false;
    const bool pended = card.pending_transfer != nullptr;
    RD_EXPECT(act(complete_transfer));
    RD_EXPECT(indicated && pended && NdisWaitEvent(&told.transferred, kPatience));
    RD_EXPECT(told.transfer_status == NDIS_STATUS_SUCCESS && told.transfer_bytes == kFrameBytes - kHeaderBytes);
    return nullptr;
}

const char* reset_and_wait() {
    NDIS_STATUS status;
    NdisResetEvent(&told.reset);
    NdisReset(&status, told.handle);
    RD_EXPECT(status == NDIS_STATUS_PENDING);
    RD_EXPECT(NdisWaitEvent(&told.reset, kPatience) && told.reset_status == NDIS_STATUS_SUCCESS);
    return nullptr;
}

const char* resets() {
    BOUND();
    if (const char* wrong = set_filter(kDirected)) return wrong;
    const ULONG resets = card.resets;
    if (const char* wrong = reset_and_wait()) return wrong;
    RD_EXPECT(card.resets == resets + 1 && told.reset_starts == 1 && told.reset_ends == 1);
    card.reset_loses_filters = true;
    const char* wrong = reset_and_wait();
    card.reset_loses_filters = false;
    if (wrong) return wrong;
    RD_EXPECT(card.filter & kDirected);  // NDIS has set it again
    return nullptr;
}

const char* pending_resets() {
    BOUND();
    card.resets_pend = true;
    NdisResetEvent(&card.called);
    NDIS_STATUS status, again;
    NdisReset(&status, told.handle);
    const bool called = NdisWaitEvent(&card.called, kPatience);
    NdisReset(&again, told.handle);
    card.resets_pend = false;
    OnePacket one(frame, kFrameBytes);
    NDIS_STATUS send;
    NdisSend(&send, told.handle, one.packet);
    RD_EXPECT(act(complete_reset));
    RD_EXPECT(status == NDIS_STATUS_PENDING && called && again == NDIS_STATUS_RESET_IN_PROGRESS);
    RD_EXPECT(NdisWaitEvent(&told.reset, kPatience) && told.reset_status == NDIS_STATUS_SUCCESS);
    if (send == NDIS_STATUS_PENDING) RD_EXPECT(NdisWaitEvent(&told.sent, kPatience));
    return nullptr;
}

const char* status_indications() {
    BOUND();
    RD_EXPECT(act(indicate_disconnect));
    RD_EXPECT(told.disconnects == 1 && told.connects == 1 && told.status_completes == 2);
    return nullptr;
}

VOID allocate_asynchronously() {
    card.shared = nullptr;
    NdisResetEvent(&card.allocated);
    if (NdisMAllocateSharedMemoryAsync(card.miniport, 3000, TRUE, &card) != NDIS_STATUS_PENDING) card.shared_bytes = 0;
}

const char* shared_memory_later() {
    RD_EXPECT(act(allocate_asynchronously));
    RD_EXPECT(NdisWaitEvent(&card.allocated, kPatience) && card.shared && card.shared_bytes == 3000 && card.shared_context == &card);
    RD_EXPECT(card.shared_address.QuadPart == MmGetPhysicalAddress(card.shared).QuadPart);
    NdisMFreeSharedMemory(card.miniport, card.shared_bytes, TRUE, card.shared, card.shared_address);
    return nullptr;
}

/// Binds and unbinds that pend, completed from a work item; so is the question whether the adapter may go, with no.
const char* pending_binds() {
    PendBinds = true;
    BOUND();
    RD_EXPECT(told.binds == 1);
    NdisReEnumerateProtocolBindings(binding.registration());
    told.event_answer = NDIS_STATUS_FAILURE;
    const bool stopped = enable_card(false);
    RD_EXPECT(!stopped && card.present && told.removal_queries == 1);
    told.event_answer = NDIS_STATUS_SUCCESS;
    RD_EXPECT(binding.deregister() == NDIS_STATUS_SUCCESS && told.unbinds == 1 && told.binds == 1);
    return nullptr;
}

const char* binds_that_pend() {
    const char* wrong = pending_binds();
    PendBinds = false;
    return wrong;
}

VOID remove_card() { NdisMRemoveMiniport(card.miniport); }

const char* removals() {
    BOUND();
    const ULONG halts = card.halts;
    RD_EXPECT(act(remove_card));
    for (UINT waited = 0; card.present && waited < kPatience; ++waited) NdisMSleep(1000);
    RD_EXPECT(!card.present && card.halts == halts + 1 && told.unbinds == 1 && !told.handle);
    return enable_card(true) ? nullptr : "the adapter cannot be enabled again";
}

}  // namespace

#define TESTS(family)                                                                                                  \
    {family ".device", device}, {family ".registrations", registrations}, {family ".opens", opens},                     \
        {family ".requests", requests}, {family ".pending_requests", pending_requests}, {family ".filters", filters},   \
        {family ".pending_sets", pending_sets}, {family ".sends_without_resources", sends_without_resources},           \
        {family ".binds_that_pend", binds_that_pend},                                                                  \
        {family ".sends", sends}, {family ".pending_sends", pending_sends}, {family ".receives", receives},             \
        {family ".receives_without_resources", receives_without_resources},                                            \
        {family ".ethernet_receives", ethernet_receives}, {family ".pending_transfers", pending_transfers},             \
        {family ".resets", resets}, {family ".pending_resets", pending_resets},                                        \
        {family ".status_indications", status_indications}, {family ".shared_memory_later", shared_memory_later},       \
        {family ".removals", removals}, { nullptr, nullptr }

const RD_SELF_TEST deserialized_tests[] = {TESTS("miniport")};
const RD_SELF_TEST serialized_tests[] = {TESTS("serialized")};

}  // namespace ndistest
