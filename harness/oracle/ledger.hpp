// SPDX-License-Identifier: MIT
// oracle/ledger.hpp
//
// Who has what: packets sent, receives kept, transfers, OID requests and resets, from the moment
// they change hands to the moment they come back. Kept for one side of the trace; says what was
// under way at the trigger, and every entry that does not balance. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "oracle/calls.hpp"
#include "oracle/oracle.hpp"
#include "trace/trace.hpp"

namespace rundown::oracle {

/// What was handed over, and so which functions hand it over and back.
enum class LoanKind {
    invalid,
    send,      // NdisSend, NdisSendPackets -> ProtocolSendComplete.
    transfer,  // NdisTransferData -> ProtocolTransferDataComplete.
    request,   // NdisRequest -> ProtocolRequestComplete.
    reset,     // NdisReset -> ProtocolResetComplete. One a binding.
    receive,   // ProtocolReceivePacket with references -> NdisReturnPackets.
};

enum class LoanProblemKind {
    invalid,
    lent_twice,            // Handed over while the other side still had it.
    returned_twice,        // Came back more often than it went.
    outstanding_at_close,  // Not back when the close of its binding had completed.
};

struct LoanProblem {
    LoanProblemKind what = LoanProblemKind::invalid;
    LoanKind loan = LoanKind::invalid;
    std::uint8_t source = 0;  // Whose records show it.
    std::uint16_t binding = 0;
    std::uint64_t object = 0;              // Packet or request.
    const trace::Record* lent = nullptr;   // Null: never seen to be handed over.
    const trace::Record* event = nullptr;  // Where it shows.
};

struct Ledger {
    InFlight at_trigger;  // Without `calls`. The first trigger's.
    std::uint64_t transfers_at_trigger = 0;
    std::vector<LoanProblem> problems;  // At most kLoanProblemsMax.
};

inline constexpr std::size_t kLoanProblemsMax = 1000;

Ledger keep_ledger(const trace::Trace& trace, const Calls& calls, std::uint8_t source);

}  // namespace rundown::oracle
