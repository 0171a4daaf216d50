// SPDX-License-Identifier: MIT
// oracle/evidence.hpp
//
// What rules look at: the record of a run, its trace up to the mark that ends it, and what follows
// from the trace (calls, lives, loans), worked out once. And where rules put what they find. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/verdict.hpp"
#include "oracle/calls.hpp"
#include "oracle/history.hpp"
#include "oracle/ledger.hpp"
#include "oracle/oracle.hpp"
#include "oracle/run_record.hpp"

namespace rundown::oracle {

/// The number of the first record that nobody judges: the one after RD_MARK_END, or the trace's
/// head when there is no such mark.
std::uint64_t end_of_run(const trace::Trace& trace);

class Evidence {
  public:
    /// `run` must outlive it. A trace that has been cut at end_of_run() is not copied.
    explicit Evidence(const RunRecord& run);
    Evidence(const Evidence&) = delete;
    Evidence& operator=(const Evidence&) = delete;

    const RunRecord& run() const { return run_; }
    /// The trace without what follows RD_MARK_END.
    const trace::Trace& trace() const { return trimmed_ ? *trimmed_ : run_.trace; }
    const Calls& calls() const { return calls_; }
    const History& history() const { return history_; }
    /// The loans as the driver or NDIS tells them.
    const Ledger& ledger(std::uint8_t source) const {
        return source == RD_SOURCE_NDIS ? ndis_ledger_ : driver_ledger_;
    }

    /// The first record after `cause` by which all that `cause` owes must have happened: the
    /// deregistration returned (on that side), Unload returned, the run ended. Null when there is
    /// none, or records in between are missing: then absence proves nothing.
    const trace::Record* accounts_due(const trace::Record& cause, std::uint8_t source) const;

    /// Is this the life of a binding of the driver under test? NDIS tells of all protocols; the
    /// driver, if it leaves a trace, says which opens are its own.
    bool concerns_driver(const BindingLife& life) const;
    bool concerns_driver(const ProtocolLife& life) const;
    /// The same for a record that may name a binding; true when it names none.
    bool concerns_driver(const trace::Record& record) const;

    /// The bug check the guest stopped with: from the trace, else as the host heard of it.
    struct Crash {
        BugCheck what;
        const trace::Record* event = nullptr;
    };
    const std::optional<Crash>& crash() const { return crash_; }

    /// Did the guest see the run to its end, so that what never happened can be held against it?
    bool ended_in_order() const;

  private:
    void find_crash();
    void find_accounts();
    /// Can an open be told to be the driver's own by the driver's records?
    bool tells_opens() const;

    const RunRecord& run_;
    const std::optional<trace::Trace> trimmed_;
    const Calls calls_;
    const History history_;
    const Ledger driver_ledger_;
    const Ledger ndis_ledger_;
    std::vector<const trace::Record*> accounts_;
    std::set<std::uint64_t> driver_opens_;
    std::set<std::uint64_t> driver_protocols_;
    std::optional<Crash> crash_;
};

/// What one rule found. The first few are kept word for word, the rest counted.
class Findings {
  public:
    explicit Findings(const Rule& rule) : rule_(rule) {}

    /// `event` null: not in the trace.
    void add(const trace::Record* event, std::string explanation);
    /// The same unless `about` was reported already: both sides tell of most things.
    void add_once(std::uint64_t about, const trace::Record* event, std::string explanation);
    /// add_once() of what no driver can have done.
    void add_against_system(
        std::uint64_t about, const trace::Record* event, std::string explanation
    );
    bool empty() const { return findings_.empty(); }
    /// All of it, with a last finding that counts those beyond the first few.
    std::vector<Finding> take() &&;

  private:
    const Rule& rule_;
    std::vector<Finding> findings_;
    std::set<std::uint64_t> reported_;
    std::size_t more_ = 0;
};

/// "#123": how findings refer to a record.
std::string number_of(const trace::Record& record);
/// "the driver" or "NDIS".
std::string side_of(std::uint8_t source);

}  // namespace rundown::oracle
