// SPDX-License-Identifier: MIT
// oracle/history.hpp
//
// The trace retold as lives: of protocols, bindings and images. Told twice, once from the driver's
// records and once from NDIS's own, because the two number their bindings apart and either side may
// be missing. Pointers are into the trace. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "oracle/calls.hpp"
#include "trace/trace.hpp"

namespace rundown::oracle {

/// A call or callback: its entry, and its return or null.
struct Span {
    const trace::Record* enter = nullptr;
    const trace::Record* leave = nullptr;
};

/// One call of ProtocolUnbindAdapter, and the calls of NdisCompleteUnbindAdapter for it.
struct Unbind {
    Span span;
    std::vector<const trace::Record*> completions;
};

/// One binding as one side tells it.
struct BindingLife {
    std::uint8_t source = 0;   // rd_trace_source.
    std::uint16_t number = 0;  // The side's own.
    std::uint64_t open = 0;    // NDIS's handle.
    std::uint64_t context = 0;
    const trace::Record* opened = nullptr;  // The open succeeded; null: it never did, or is lost.
    std::vector<Unbind> unbinds;
    std::vector<Span> closes;
    std::vector<const trace::Record*> close_completions;  // ProtocolCloseAdapterComplete.
    const trace::Record* freed = nullptr;  // The driver freed its memory, or NDIS the open.

    /// The record with which the close had completed: the return of NdisCloseAdapter with success,
    /// or the entry of ProtocolCloseAdapterComplete. Null: not closed.
    const trace::Record* closed() const;
};

/// One registration of a protocol as one side tells it.
struct ProtocolLife {
    std::uint8_t source = 0;
    std::uint64_t handle = 0;
    std::uint64_t version = 0;                  // NDIS major << 8 | minor.
    const trace::Record* registered = nullptr;  // Return of NdisRegisterProtocol; null: lost.
    std::vector<Span> deregistrations;          // Calls with this handle.

    /// The first return of NdisDeregisterProtocol, or null.
    const trace::Record* gone() const;
};

class History {
  public:
    History(const trace::Trace& trace, const Calls& calls);

    const std::vector<BindingLife>& bindings() const { return bindings_; }
    const std::vector<ProtocolLife>& protocols() const { return protocols_; }
    const std::vector<Span>& unloads() const { return unloads_; }
    const std::vector<Span>& shutdowns() const { return shutdowns_; }
    /// RD_EV_MARK records, in order.
    const std::vector<const trace::Record*>& marks() const { return marks_; }
    /// The first mark of that kind, or null.
    const trace::Record* mark(rd_trace_mark mark) const;
    /// Has that side left any record?
    bool speaks(std::uint8_t source) const { return speaks_[source & 7]; }
    /// Bindings whose open had succeeded and whose close had not begun, as that side tells it.
    std::vector<const BindingLife*> open_at(const trace::Record& moment, std::uint8_t source) const;
    /// The binding a record is about, by its number, or null.
    const BindingLife* binding_of(const trace::Record& record) const;

  private:
    void add_binding_record(const trace::Record& record, const Calls& calls);
    void add_protocol_record(const trace::Record& record, const Calls& calls);
    BindingLife* life_of(const trace::Record& record, std::uint64_t open, std::uint64_t context);
    void add_unbind_completion(const trace::Record& record);

    std::vector<BindingLife> bindings_;
    // The latest life under each name, by source: of its number, its open, its context, its unbind.
    std::unordered_map<std::uint64_t, std::size_t> by_number_;
    std::map<std::pair<std::uint8_t, std::uint64_t>, std::size_t> by_open_;
    std::map<std::pair<std::uint8_t, std::uint64_t>, std::size_t> by_context_;
    std::map<std::pair<std::uint8_t, std::uint64_t>, std::size_t> by_unbind_;
    std::vector<ProtocolLife> protocols_;
    std::vector<Span> unloads_;
    std::vector<Span> shutdowns_;
    std::vector<const trace::Record*> marks_;
    bool speaks_[8] = {};
};

/// "binding 3", or "binding 3 as NDIS numbers it".
std::string name_of(const BindingLife& life);

}  // namespace rundown::oracle
