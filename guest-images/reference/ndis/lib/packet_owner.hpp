// SPDX-License-Identifier: MIT
// ndis/lib/packet_owner.hpp
//
// Who a packet belongs to, as one 64-bit word and the steps it may take. Pure: a step is old word in, new word and verdict
// out, so that packet_state.cpp can retry it with compare-and-exchange and the tests can try all of them.
//
//   free --allocate--> driver --send--> sent --send_complete--> driver --free--> free
//                      driver --transfer--> transfer --transfer_complete--> driver
//                      driver --indicate--> indicated (keep, give_up)* --end_indication--> indicated or driver
//
// While a packet is being indicated its reference count may go below zero: a protocol may return it before the handler that
// says it keeps it has returned. Only at the end of the indication is a negative count one return too many.
#pragma once
#include <stdint.h>

namespace ndis {

/// Owner of a packet; low byte of its word.
enum class PacketOwner : uint8_t {
    free = 0,   ///< In its pool's free list.
    driver,     ///< The driver that allocated it (protocol, or miniport for its receives).
    sent,       ///< Given to NDIS to send, until the send is complete.
    transfer,   ///< Given to NdisTransferData, until the transfer is complete.
    indicated,  ///< A miniport's receive, with protocols; see references.
};

/// What happens to a packet.
enum class PacketEvent : uint8_t {
    allocate,
    free,
    send,
    send_complete,
    transfer,
    transfer_complete,
    indicate,        ///< A miniport indicates it; the indication is open from here.
    keep,            ///< A protocol's handler has returned: it keeps `count` references.
    give_up,         ///< A protocol returns one reference.
    end_indication,  ///< Every protocol has been called.
};

/// What a step means to whoever takes it.
enum class PacketVerdict : uint8_t {
    ok,
    back,       ///< The packet is its miniport's again, now: tell it.
    violation,  ///< The event is not allowed for this owner; nothing changed.
};

struct PacketStep {
    uint64_t word;
    PacketVerdict verdict;
};

/// bits 0-7 owner, bit 8 indication is open, bits 32-63 references protocols keep (signed).
constexpr uint64_t packet_word(PacketOwner owner, bool open = false, int32_t references = 0) {
    return static_cast<uint64_t>(owner) | (open ? 0x100u : 0u) | static_cast<uint64_t>(static_cast<uint32_t>(references)) << 32;
}
constexpr PacketOwner packet_owner(uint64_t word) { return static_cast<PacketOwner>(word & 0xFF); }
constexpr bool packet_indicating(uint64_t word) { return (word & 0x100) != 0; }
constexpr int32_t packet_references(uint64_t word) { return static_cast<int32_t>(word >> 32); }

namespace detail {

constexpr PacketStep move(uint64_t word, PacketOwner from, PacketOwner to) {
    return packet_owner(word) == from ? PacketStep{packet_word(to), PacketVerdict::ok}
                                      : PacketStep{word, PacketVerdict::violation};
}

constexpr PacketStep end_indication(uint64_t word) {
    const int32_t references = packet_references(word);
    if (!packet_indicating(word) || references < 0) return {word, PacketVerdict::violation};
    if (references == 0) return {packet_word(PacketOwner::driver), PacketVerdict::back};
    return {packet_word(PacketOwner::indicated, false, references), PacketVerdict::ok};
}

constexpr PacketStep give_up(uint64_t word) {
    const int32_t references = packet_references(word);
    if (packet_indicating(word)) return {packet_word(PacketOwner::indicated, true, references - 1), PacketVerdict::ok};
    if (references == 1) return {packet_word(PacketOwner::driver), PacketVerdict::back};
    return {packet_word(PacketOwner::indicated, false, references - 1), PacketVerdict::ok};
}

}  // namespace detail

/// One step. `count` is what PacketEvent::keep adds (not negative).
constexpr PacketStep packet_step(uint64_t word, PacketEvent event, int32_t count = 0) {
    const bool indicated = packet_owner(word) == PacketOwner::indicated;
    switch (event) {
        case PacketEvent::allocate: return detail::move(word, PacketOwner::free, PacketOwner::driver);
        case PacketEvent::free: return detail::move(word, PacketOwner::driver, PacketOwner::free);
        case PacketEvent::send: return detail::move(word, PacketOwner::driver, PacketOwner::sent);
        case PacketEvent::send_complete: return detail::move(word, PacketOwner::sent, PacketOwner::driver);
        case PacketEvent::transfer: return detail::move(word, PacketOwner::driver, PacketOwner::transfer);
        case PacketEvent::transfer_complete: return detail::move(word, PacketOwner::transfer, PacketOwner::driver);
        case PacketEvent::indicate:
            if (packet_owner(word) != PacketOwner::driver) break;
            return {packet_word(PacketOwner::indicated, true), PacketVerdict::ok};
        case PacketEvent::keep:
            if (!indicated || !packet_indicating(word) || count < 0) break;
            return {packet_word(PacketOwner::indicated, true, packet_references(word) + count), PacketVerdict::ok};
        case PacketEvent::give_up:
            if (!indicated) break;
            return detail::give_up(word);
        case PacketEvent::end_indication:
            if (!indicated) break;
            return detail::end_indication(word);
    }
    return {word, PacketVerdict::violation};
}

}  // namespace ndis
