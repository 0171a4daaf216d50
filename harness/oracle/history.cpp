// SPDX-License-Identifier: MIT
// oracle/history.cpp
#include "oracle/history.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rundown::oracle {
namespace {

using trace::Record;

constexpr std::uint32_t kSuccess = 0;

bool is_of_a_side(const Record& record) {
    return record.source == RD_SOURCE_DRIVER || record.source == RD_SOURCE_NDIS;
}

std::uint64_t number_key(std::uint8_t source, std::uint16_t number) {
    return std::uint64_t{source} << 16 | number;
}

}  // namespace

const Record* BindingLife::closed() const {
    const Record* first = close_completions.empty() ? nullptr : close_completions.front();
    for (const Span& close : closes) {
        if (close.leave != nullptr && close.leave->status == kSuccess &&
            (first == nullptr || close.leave->sequence < first->sequence)) {
            first = close.leave;
        }
    }
    return first;
}

const Record* ProtocolLife::gone() const {
    for (const Span& call : deregistrations) {
        if (call.leave != nullptr) {
            return call.leave;
        }
    }
    return nullptr;
}

History::History(const trace::Trace& trace, const Calls& calls) {
    for (const Record& record : trace.records) {
        speaks_[record.source & 7] = true;
        if (record.event == RD_EV_MARK) {
            marks_.push_back(&record);
        } else if (record.is(RD_KIND_CALLBACK, RD_EV_DRIVER_UNLOAD)) {
            unloads_.push_back({&record, calls.partner(record)});
        } else if (record.is(RD_KIND_CALLBACK, RD_EV_SHUTDOWN)) {
            shutdowns_.push_back({&record, calls.partner(record)});
        } else if (is_of_a_side(record)) {
            add_protocol_record(record, calls);
            add_binding_record(record, calls);
        }
    }
}

void History::add_protocol_record(const Record& record, const Calls& calls) {
    if (record.is(RD_KIND_RETURN, RD_EV_REGISTER_PROTOCOL) && record.status == kSuccess) {
        protocols_.push_back({record.source, record.object, record.arg[0], &record, {}});
    } else if (record.is(RD_KIND_CALL, RD_EV_DEREGISTER_PROTOCOL)) {
        // The latest registration of that handle: memory of an earlier one may have been reused.
        const auto life = std::find_if(protocols_.rbegin(), protocols_.rend(), [&](const auto& p) {
            return p.source == record.source && p.handle == record.object;
        });
        if (life == protocols_.rend()) {
            protocols_.push_back({record.source, record.object, 0, nullptr, {}});
            protocols_.back().deregistrations.push_back({&record, calls.partner(record)});
        } else {
            life->deregistrations.push_back({&record, calls.partner(record)});
        }
    }
}

/// The life a record belongs to: by its number, else by handle or context among those not closed;
/// a new one for a number not seen before; null when there is nothing to go by.
BindingLife* History::life_of(const Record& record, std::uint64_t open, std::uint64_t context) {
    if (record.binding != 0) {
        const auto [at, is_new] =
            by_number_.try_emplace(number_key(record.source, record.binding), bindings_.size());
        if (is_new) {
            bindings_.push_back({record.source, record.binding});
        }
        return &bindings_[at->second];
    }
    auto at = by_open_.find({record.source, open});
    if (open == 0 || at == by_open_.end()) {
        at = by_context_.find({record.source, context});
        if (context == 0 || at == by_context_.end()) {
            return nullptr;
        }
    }
    BindingLife& life = bindings_[at->second];
    return life.closed() == nullptr ? &life : nullptr;
}

/// By the unbind's context: NDIS does not number these calls.
void History::add_unbind_completion(const Record& record) {
    const auto at = by_unbind_.find({record.source, record.object});
    if (at == by_unbind_.end()) {
        return;
    }
    auto& unbinds = bindings_[at->second].unbinds;
    for (auto unbind = unbinds.rbegin(); unbind != unbinds.rend(); ++unbind) {
        if (unbind->span.enter->arg[0] == record.object) {
            unbind->completions.push_back(&record);
            return;
        }
    }
}

void History::add_binding_record(const Record& record, const Calls& calls) {
    const auto opened = [&](std::uint64_t open, std::uint64_t context) {
        if (BindingLife* life = life_of(record, 0, 0);
            life != nullptr && life->opened == nullptr && record.status == kSuccess) {
            life->opened = &record;
            life->open = open;
            life->context = context;
            const auto index = static_cast<std::size_t>(life - bindings_.data());
            by_open_[{record.source, open}] = index;
            by_context_[{record.source, context}] = index;
        }
    };
    if (record.is(RD_KIND_RETURN, RD_EV_OPEN_ADAPTER)) {
        opened(record.object, record.arg[0]);
    } else if (record.is(RD_KIND_CALLBACK, RD_EV_OPEN_ADAPTER_COMPLETE)) {
        opened(record.arg[0], record.object);
    } else if (record.is(RD_KIND_CALL, RD_EV_CLOSE_ADAPTER)) {
        if (BindingLife* life = life_of(record, record.object, record.arg[0])) {
            life->closes.push_back({&record, calls.partner(record)});
        }
    } else if (record.is(RD_KIND_CALLBACK, RD_EV_CLOSE_ADAPTER_COMPLETE)) {
        if (BindingLife* life = life_of(record, 0, record.object)) {
            life->close_completions.push_back(&record);
        }
    } else if (record.is(RD_KIND_CALLBACK, RD_EV_UNBIND_ADAPTER)) {
        if (BindingLife* life = life_of(record, 0, record.object)) {
            life->unbinds.push_back({{&record, calls.partner(record)}, {}});
            by_unbind_[{record.source, record.arg[0]}] =
                static_cast<std::size_t>(life - bindings_.data());
        }
    } else if (record.is(RD_KIND_CALL, RD_EV_COMPLETE_UNBIND)) {
        add_unbind_completion(record);
    } else if (record.event == RD_EV_BINDING_FREED || record.event == RD_EV_OPEN_FREED) {
        if (BindingLife* life = life_of(record, record.object, record.object);
            life != nullptr && life->freed == nullptr) {
            life->freed = &record;
        }
    }
}

const Record* History::mark(rd_trace_mark mark) const {
    for (const Record* record : marks_) {
        if (record->arg[0] == mark) {
            return record;
        }
    }
    return nullptr;
}

std::vector<const BindingLife*> History::open_at(const Record& moment, std::uint8_t source) const {
    std::vector<const BindingLife*> open;
    for (const BindingLife& life : bindings_) {
        const bool began = life.opened != nullptr && life.opened->sequence < moment.sequence;
        const bool ended =
            !life.closes.empty() && life.closes.front().enter->sequence < moment.sequence;
        if (life.source == source && began && !ended) {
            open.push_back(&life);
        }
    }
    return open;
}

const BindingLife* History::binding_of(const Record& record) const {
    const auto at = by_number_.find(number_key(record.source, record.binding));
    return at != by_number_.end() ? &bindings_[at->second] : nullptr;
}

std::string name_of(const BindingLife& life) {
    return fmt::format(
        "binding {}{}", life.number, life.source == RD_SOURCE_NDIS ? " as NDIS numbers it" : ""
    );
}

}  // namespace rundown::oracle
