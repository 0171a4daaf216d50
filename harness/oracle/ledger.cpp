// SPDX-License-Identifier: MIT
// oracle/ledger.cpp
//
// Callbacks race with the return of the call they belong to, and with the next use of the same
// memory: a packet may be completed, freed, allocated and sent again before the first NdisSend
// leaves its record of returning. So a return is matched with its own call, never with the packet
// alone, and nothing is concluded across records that are missing.
#include "oracle/ledger.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace rundown::oracle {
namespace {

using trace::Record;

constexpr std::uint32_t kSuccess = 0;
constexpr std::uint32_t kPending = 0x103;
constexpr std::uint64_t kReferencesMax = 1 << 16;  // What a guest may claim to keep of one packet.

struct Loan {
    std::uint16_t binding = 0;
    const Record* lent = nullptr;
    const Record* back = nullptr;  // Null: outstanding.
};

struct Kept {
    std::uint16_t binding = 0;
    std::int64_t references = 0;  // Kept less returned; below 0 for a moment when returns race.
    std::uint32_t callbacks = 0;  // ProtocolReceivePacket entered with it and not returned.
    const Record* kept = nullptr;
    const Record* since = nullptr;  // Entry of the callback that kept it: returns count from there.
};

class Keeper {
  public:
    Keeper(const trace::Trace& trace, const Calls& calls, std::uint8_t source)
        : trace_(trace), calls_(calls), source_(source) {
        for (const Record& record : trace.records) {
            if (record.source == source) {
                notes_batches_ |= record.event == RD_EV_PACKET_SENT;
                sends_batches_ |= record.event == RD_EV_SEND_PACKETS;
                notes_returns_ |= record.event == RD_EV_RETURN_PACKETS;
            }
        }
    }

    Ledger keep() {
        bool triggered = false;
        for (const Record& record : trace_.records) {
            if (record.event == RD_EV_MARK && record.arg[0] == RD_MARK_TRIGGER && !triggered) {
                triggered = true;
                take_stock();
            } else if (record.source == source_) {
                enter(record);
            }
        }
        std::sort(
            ledger_.problems.begin(),
            ledger_.problems.end(),
            [](const LoanProblem& left, const LoanProblem& right) {
                return order_of(left) < order_of(right);
            }
        );
        return std::move(ledger_);
    }

  private:
    using Loans = std::unordered_map<std::uint64_t, Loan>;  // By object.

    static std::pair<std::uint64_t, std::uint64_t> order_of(const LoanProblem& problem) {
        return {problem.event->sequence, problem.lent != nullptr ? problem.lent->sequence : 0};
    }

    /// Kept apart by binding, so that a close looks at its own only.
    Loans& loans(LoanKind kind, std::uint16_t binding) {
        return loans_[static_cast<std::size_t>(kind)][binding];
    }

    void enter(const Record& record) {
        switch (record.event) {
            case RD_EV_SEND:
                call(LoanKind::send, record, record.arg[0]);
                break;
            case RD_EV_PACKET_SENT:
                lend(LoanKind::send, record, record.arg[0]);
                break;
            case RD_EV_SEND_COMPLETE:
                completion(LoanKind::send, record, record.arg[0]);
                break;
            case RD_EV_TRANSFER_DATA:
                call(LoanKind::transfer, record, record.arg[0]);
                break;
            case RD_EV_TRANSFER_DATA_COMPLETE:
                completion(LoanKind::transfer, record, record.arg[0]);
                break;
            case RD_EV_REQUEST:
                call(LoanKind::request, record, record.arg[0]);
                break;
            case RD_EV_REQUEST_COMPLETE:
                completion(LoanKind::request, record, record.arg[0]);
                break;
            case RD_EV_RESET:
                call(LoanKind::reset, record, record.binding);
                break;
            case RD_EV_RESET_COMPLETE:
                // Told to every binding of the adapter, not only to the one that asked.
                finish(LoanKind::reset, record, record.binding);
                break;
            case RD_EV_RECEIVE_PACKET:
                received(record);
                break;
            case RD_EV_RETURN_PACKETS:
                gave_back(record);
                break;
            case RD_EV_CLOSE_ADAPTER:
                if (record.kind == RD_KIND_RETURN && record.status == kSuccess) {
                    closed(record);
                }
                break;
            case RD_EV_CLOSE_ADAPTER_COMPLETE:
                if (record.kind == RD_KIND_CALLBACK) {
                    closed(record);
                }
                break;
            default:
                break;
        }
    }

    void problem(
        LoanProblemKind what,
        LoanKind kind,
        const Loan& loan,
        const Record& event,
        std::uint64_t object
    ) {
        if (ledger_.problems.size() < kLoanProblemsMax) {
            ledger_.problems.push_back(
                {what, kind, source_, loan.binding, object, loan.lent, &event}
            );
        }
    }

    bool whole_between(const Record& earlier, const Record& later) const {
        return trace_.whole(earlier.sequence, later.sequence);
    }

    void lend(LoanKind kind, const Record& record, std::uint64_t object) {
        Loan& loan = loans(kind, record.binding)[object];
        if (loan.lent != nullptr && loan.back == nullptr && whole_between(*loan.lent, record)) {
            problem(LoanProblemKind::lent_twice, kind, loan, record, object);
        }
        loan = {record.binding, &record, nullptr};
    }

    void call(LoanKind kind, const Record& record, std::uint64_t object) {
        if (record.kind == RD_KIND_CALL) {
            lend(kind, record, object);
        } else if (record.kind == RD_KIND_RETURN && record.status != kPending) {
            returned_at_once(kind, record, object);
        }
    }

    /// The call itself said that it is done: no completion may have come, none may follow.
    void returned_at_once(LoanKind kind, const Record& record, std::uint64_t object) {
        const Record* entry = calls_.partner(record);
        Loans& own = loans(kind, record.binding);
        const auto at = own.find(object);
        if (entry == nullptr || at == own.end()) {
            return;
        }
        Loan& loan = at->second;
        if ((loan.lent != entry || loan.back != nullptr) && whole_between(*entry, record)) {
            problem(LoanProblemKind::returned_twice, kind, loan, record, object);
        }
        if (loan.lent == entry && loan.back == nullptr) {
            loan.back = &record;
        }
    }

    void completion(LoanKind kind, const Record& record, std::uint64_t object) {
        if (record.kind != RD_KIND_CALLBACK) {
            return;
        }
        Loans& own = loans(kind, record.binding);
        const auto at = own.find(object);
        if (at == own.end()) {
            const bool lending_is_told =
                kind != LoanKind::send || notes_batches_ || !sends_batches_;
            if (trace_.whole_before(record.sequence) && lending_is_told) {
                problem(LoanProblemKind::returned_twice, kind, {record.binding}, record, object);
            }
            return;
        }
        Loan& loan = at->second;
        if (loan.back != nullptr && whole_between(*loan.back, record)) {
            problem(LoanProblemKind::returned_twice, kind, loan, record, object);
        }
        loan.back = &record;
    }

    void finish(LoanKind kind, const Record& record, std::uint64_t object) {
        Loans& own = loans(kind, record.binding);
        const auto at = own.find(object);
        if (record.kind == RD_KIND_CALLBACK && at != own.end()) {
            at->second.back = &record;
        }
    }

    void received(const Record& record) {
        Kept& kept = kept_[record.arg[0]];
        if (record.kind == RD_KIND_CALLBACK) {
            ++kept.callbacks;
            return;
        }
        kept.callbacks -= kept.callbacks != 0 ? 1 : 0;
        kept.references += static_cast<std::int64_t>(std::min(record.arg[1], kReferencesMax));
        if (record.arg[1] != 0) {
            kept.binding = record.binding;
            kept.kept = &record;
            kept.since = calls_.partner(record);
        }
        judge_balance(kept, record, record.arg[0]);
        forget_if_balanced(record.arg[0]);
    }

    void gave_back(const Record& record) {
        if (record.kind != RD_KIND_CALL) {
            return;
        }
        Kept& kept = kept_[record.object];
        --kept.references;
        judge_balance(kept, record, record.object);
        forget_if_balanced(record.object);
    }

    void forget_if_balanced(std::uint64_t packet) {
        const auto at = kept_.find(packet);
        if (at->second.references == 0 && at->second.callbacks == 0) {
            kept_.erase(at);
        }
    }

    /// More returned than kept, and no callback under way that could be about to say it keeps one.
    void judge_balance(Kept& kept, const Record& record, std::uint64_t packet) {
        if (kept.references >= 0 || kept.callbacks != 0) {
            return;
        }
        if (!trace_.whole_before(record.sequence)) {
            return;  // The callback that kept it may be under way, its entry lost: stay below 0.
        }
        kept.references = 0;
        problem(
            LoanProblemKind::returned_twice,
            LoanKind::receive,
            {record.binding, kept.kept},
            record,
            packet
        );
    }

    void closed(const Record& record) {
        if (record.binding == 0) {
            return;
        }
        for (const LoanKind kind :
             {LoanKind::send, LoanKind::transfer, LoanKind::request, LoanKind::reset}) {
            for (auto& [object, loan] : loans(kind, record.binding)) {
                if (loan.back == nullptr) {
                    if (whole_between(*loan.lent, record)) {
                        problem(LoanProblemKind::outstanding_at_close, kind, loan, record, object);
                    }
                    loan.back = &record;  // Said once.
                }
            }
        }
        for (auto& [packet, kept] : kept_) {
            // A side that tells of no returns at all cannot be asked for one.
            const bool returns_are_told = notes_returns_ || source_ == RD_SOURCE_DRIVER;
            if (kept.binding == record.binding && kept.references > 0) {
                if (returns_are_told && kept.since != nullptr &&
                    whole_between(*kept.since, record)) {
                    problem(
                        LoanProblemKind::outstanding_at_close,
                        LoanKind::receive,
                        {kept.binding, kept.kept},
                        record,
                        packet
                    );
                }
                kept.references = 0;
            }
        }
    }

    void take_stock() {
        const auto outstanding = [this](LoanKind kind) {
            std::uint64_t count = 0;
            for (const auto& [binding, loans] : loans_[static_cast<std::size_t>(kind)]) {
                for (const auto& [object, loan] : loans) {
                    count += loan.back == nullptr ? 1 : 0;
                }
            }
            return count;
        };
        ledger_.at_trigger.sends = outstanding(LoanKind::send);
        ledger_.at_trigger.requests = outstanding(LoanKind::request);
        ledger_.transfers_at_trigger = outstanding(LoanKind::transfer);
        for (const auto& [packet, kept] : kept_) {
            ledger_.at_trigger.receives_held +=
                static_cast<std::uint64_t>(std::max<std::int64_t>(kept.references, 0));
        }
    }

    const trace::Trace& trace_;
    const Calls& calls_;
    const std::uint8_t source_;
    bool notes_batches_ = false;
    bool sends_batches_ = false;
    bool notes_returns_ = false;
    std::unordered_map<std::uint16_t, Loans> loans_[static_cast<std::size_t>(LoanKind::receive)];
    std::unordered_map<std::uint64_t, Kept> kept_;
    Ledger ledger_;
};

}  // namespace

Ledger keep_ledger(const trace::Trace& trace, const Calls& calls, std::uint8_t source) {
    return Keeper(trace, calls, source).keep();
}

}  // namespace rundown::oracle
