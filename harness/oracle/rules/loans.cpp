// SPDX-License-Identifier: MIT
// oracle/rules/loans.cpp
#include "oracle/rules/loans.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

/// What the thing is, and the functions it goes and comes by.
struct Words {
    const char* thing;
    const char* there;
    const char* back;
};

Words words_for(LoanKind kind) {
    switch (kind) {
        case LoanKind::send:
            return {"Packet", "sent", "ProtocolSendComplete"};
        case LoanKind::transfer:
            return {"Packet", "given to NdisTransferData", "ProtocolTransferDataComplete"};
        case LoanKind::request:
            return {"Request", "given to NdisRequest", "ProtocolRequestComplete"};
        case LoanKind::reset:
            return {"The reset of binding", "asked for", "ProtocolResetComplete"};
        case LoanKind::receive:
            return {"Received packet", "kept", "NdisReturnPackets"};
        case LoanKind::invalid:
            break;
    }
    return {"Object", "handed over", "its completion"};
}

std::string oid_of(const LoanProblem& problem) {
    if (problem.loan != LoanKind::request || problem.lent == nullptr) {
        return "";
    }
    const std::uint64_t what = problem.lent->arg[1];
    return fmt::format(
        " ({} of {})",
        what >> 32 != 0 ? "set" : "query",
        trace::oid_name(static_cast<std::uint32_t>(what))
    );
}

std::string sentence_for(const LoanProblem& problem) {
    const Words words = words_for(problem.loan);
    const std::string thing = fmt::format(
        "{} {:#x}{} of binding {}{}",
        words.thing,
        problem.object,
        oid_of(problem),
        problem.binding,
        problem.source == RD_SOURCE_NDIS ? " as NDIS numbers it" : ""
    );
    const std::string there = problem.lent != nullptr ? ", " + std::string(words.there) + " in " +
                                                            number_of(*problem.lent) + ","
                                                      : "";
    switch (problem.what) {
        case LoanProblemKind::lent_twice:
            return fmt::format(
                "{}{} was {} again in {} and had not come back.",
                thing,
                there,
                words.there,
                number_of(*problem.event)
            );
        case LoanProblemKind::returned_twice:
            return fmt::format(
                "{}{} came back more often than it went: {} shows one return too many ({}).",
                thing,
                there,
                number_of(*problem.event),
                trace::function_name(problem.event->event)
            );
        case LoanProblemKind::outstanding_at_close:
            return fmt::format(
                "{}{} had not come back by {} when the close of the binding completed ({}).",
                thing,
                there,
                words.back,
                number_of(*problem.event)
            );
        case LoanProblemKind::invalid:
            break;
    }
    return thing + " does not balance.";
}

}  // namespace

void report_loans(
    const Evidence& evidence, std::initializer_list<LoanKind> kinds, Findings& findings
) {
    for (const std::uint8_t source : {RD_SOURCE_DRIVER, RD_SOURCE_NDIS}) {
        for (const LoanProblem& problem : evidence.ledger(source).problems) {
            const bool wanted = std::find(kinds.begin(), kinds.end(), problem.loan) != kinds.end();
            if (wanted && evidence.concerns_driver(*problem.event)) {
                findings.add_once(problem.object, problem.event, sentence_for(problem));
            }
        }
    }
}

}  // namespace rundown::oracle
