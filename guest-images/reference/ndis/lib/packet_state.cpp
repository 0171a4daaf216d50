// SPDX-License-Identifier: MIT
// ndis/lib/packet_state.cpp: the hidden state of packets and the books of the census. See packet_state.hpp.
#include "ndis/lib/packet_state.hpp"

#include "ndis/lib/packet_pool.hpp"

namespace ndis {

namespace {

constexpr ULONG kNdisDriver = 0x7C, kPacketInUse = 0x05, kVerifierDetectedViolation = 0xC4;
constexpr ULONG kNotAPacket = 0x52440001;

const char* const kEventTexts[] = {
    "packet allocated twice",
    "packet freed that is free already, sent, or held by protocols",
    "packet sent that is not the driver's",
    "send completed of a packet that is not being sent",
    "packet given to NdisTransferData that is not the driver's",
    "transfer completed of a packet that is not being filled",
    "packet indicated that is in use",
    "packet kept that is not being indicated",
    "packet returned that nobody keeps",
    "packet returned more often than it was kept",
};

[[noreturn]] void stop(
    PNDIS_PACKET packet, uint64_t word, PacketEvent event, const char* function, PVOID caller, PVOID miniport, PVOID array) {
    RdPutString(function);
    RdPutString(": ");
    const auto number = static_cast<ULONG>(event);
    if (event == PacketEvent::indicate)
        RdBugCheckText(
            kEventTexts[number], kNdisDriver, kPacketInUse, reinterpret_cast<ULONG_PTR>(miniport),
            reinterpret_cast<ULONG_PTR>(packet), reinterpret_cast<ULONG_PTR>(array));
    RdBugCheckText(
        kEventTexts[number], kVerifierDetectedViolation, kPacketViolation + number, reinterpret_cast<ULONG_PTR>(packet), word,
        reinterpret_cast<ULONG_PTR>(caller));
    __builtin_unreachable();
}

}  // namespace

PacketState& state_of(PNDIS_PACKET packet) {
    auto* state = reinterpret_cast<PacketState*>(packet) - 1;
    if (state->magic != kPacketMagic)
        RdBugCheckText(
            "not a packet of NdisAllocatePacket", kVerifierDetectedViolation, kNotAPacket, reinterpret_cast<ULONG_PTR>(packet),
            state->magic, reinterpret_cast<ULONG_PTR>(NDIS_CALLER));
    return *state;
}

PacketVerdict take_step(
    PNDIS_PACKET packet, PacketEvent event, const char* function, PVOID caller, int32_t count, PVOID miniport, PVOID array) {
    PacketState& state = state_of(packet);
    uint64_t word = __atomic_load_n(&state.word, __ATOMIC_ACQUIRE);
    for (;;) {
        const PacketStep step = packet_step(word, event, count);
        if (step.verdict == PacketVerdict::violation) stop(packet, word, event, function, caller, miniport, array);
        // A packet that leaves the hands of protocols is booked before its miniport may reuse it.
        if (__atomic_compare_exchange_n(&state.word, &word, step.word, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            if (event == PacketEvent::keep && count != 0) __atomic_add_fetch(&Books.receives_out, count, __ATOMIC_RELAXED);
            if (event == PacketEvent::give_up) __atomic_sub_fetch(&Books.receives_out, 1, __ATOMIC_RELAXED);
            return step.verdict;
        }
    }
}

PoolCounts Books = {};

PoolCounts pool_counts() { return Books; }

}  // namespace ndis
