// SPDX-License-Identifier: MIT
// report/run_record_members.hpp
//
// The members of a run's record and their names in record.json, once for both directions: a
// visitor v(name, member) writes each into an object or reads each out of one, so that neither
// can forget what the other knows. Only run_record_json.cpp includes it.
#pragma once

#include <span>
#include <string_view>

#include "oracle/run_record.hpp"

namespace rundown::oracle {

template <class E>
struct EnumName {
    E value;
    std::string_view name;
};

constexpr EnumName<CensusPoint> kCensusPoints[] = {
    {CensusPoint::before, "before"},
    {CensusPoint::bound, "bound"},
    {CensusPoint::cycle, "cycle"},
    {CensusPoint::deregistered, "deregistered"},
    {CensusPoint::torn_down, "torn_down"},
    {CensusPoint::reloaded, "reloaded"},
    {CensusPoint::gone_again, "gone_again"},
};
constexpr EnumName<Step> kSteps[] = {
    {Step::start, "start"},
    {Step::bind, "bind"},
    {Step::unbind, "unbind"},
    {Step::disable, "disable"},
    {Step::enable, "enable"},
    {Step::remove, "remove"},
    {Step::deregister, "deregister"},
    {Step::stop, "stop"},
    {Step::reload_start, "reload_start"},
    {Step::reload_stop, "reload_stop"},
    {Step::power_off, "power_off"},
    {Step::reboot, "reboot"},
    {Step::open_handle, "open_handle"},
    {Step::close_handle, "close_handle"},
};
constexpr EnumName<GuestEnd> kGuestEnds[] = {
    {GuestEnd::invalid, "unknown"},
    {GuestEnd::stopped, "stopped"},
    {GuestEnd::powered_off, "powered_off"},
    {GuestEnd::reset, "reset"},
    {GuestEnd::panicked, "panicked"},
    {GuestEnd::died, "died"},
};
constexpr EnumName<InconclusiveKind> kInconclusiveKinds[] = {
    {InconclusiveKind::none, "none"},
    {InconclusiveKind::boot_failed, "boot_failed"},
    {InconclusiveKind::lost_contact, "lost_contact"},
    {InconclusiveKind::no_progress, "no_progress"},
    {InconclusiveKind::trace_truncated, "trace_truncated"},
    {InconclusiveKind::infrastructure, "infrastructure"},
    {InconclusiveKind::cancelled, "cancelled"},
    {InconclusiveKind::harness_bug, "harness_bug"},
};

inline std::span<const EnumName<CensusPoint>> names_of(CensusPoint) {
    return kCensusPoints;
}
inline std::span<const EnumName<Step>> names_of(Step) {
    return kSteps;
}
inline std::span<const EnumName<GuestEnd>> names_of(GuestEnd) {
    return kGuestEnds;
}
inline std::span<const EnumName<InconclusiveKind>> names_of(InconclusiveKind) {
    return kInconclusiveKinds;
}

// The members, once for both directions.

template <class V>
void members(V& v, PoolTag& tag) {
    v("tag", tag.tag);
    v("bytes", tag.bytes);
    v("blocks", tag.blocks);
    v("paged_blocks", tag.paged_blocks);
}

template <class V>
void members(V& v, Module& module) {
    v("name", module.name);
    v("base", module.base);
    v("bytes", module.bytes);
}

template <class V>
void members(V& v, Census& census) {
    v("protocols", census.protocols);
    v("opens", census.opens);
    v("filters", census.filters);
    v("adapters", census.adapters);
    v("packet_pools", census.packet_pools);
    v("packets_out", census.packets_out);
    v("buffer_pools", census.buffer_pools);
    v("buffers_out", census.buffers_out);
    v("requests_pending", census.requests_pending);
    v("sends_pending", census.sends_pending);
    v("receives_out", census.receives_out);
    v("threads", census.threads);
    v("timers", census.timers);
    v("handles", census.handles);
    v("devices", census.devices);
    v("work_items", census.work_items);
    v("pool", census.pool);
    v("modules", census.modules);
}

template <class V>
void members(V& v, LabelledCensus& labelled) {
    v("point", labelled.point);
    v("cycle", labelled.cycle);
    v("census", labelled.census);
}

template <class V>
void members(V& v, DriverQuery& query) {
    v("installed", query.installed);
    v("image_loaded", query.image_loaded);
    v("base", query.base);
    v("bytes", query.bytes);
    v("state", query.state);
}

template <class V>
void members(V& v, StepAnswer& answer) {
    v("step", answer.step);
    v("cycle", answer.cycle);
    v("status", answer.status);
    v("message", answer.message);
}

template <class V>
void members(V& v, ReceiveFilter& filter) {
    v("promiscuous", filter.promiscuous);
    v("multicast", filter.multicast);
    v("multicast_table", filter.multicast_table);
}

template <class V>
void members(V& v, WireStream& stream) {
    v("stream", stream.stream);
    v("frames", stream.frames);
    v("last_sequence", stream.last_sequence);
}

template <class V>
void members(V& v, NicWitness& nic) {
    v("model", nic.model);
    v("frames_from_guest", nic.frames_from_guest);
    v("frames_bad", nic.frames_bad);
    v("frames_other", nic.frames_other);
    v("sequence_gaps", nic.sequence_gaps);
    v("sequence_repeats", nic.sequence_repeats);
    v("first_ms", nic.first_ms);
    v("last_ms", nic.last_ms);
    v("frames_after_teardown", nic.frames_after_teardown);
    v("frames_to_guest", nic.frames_to_guest);
    v("streams", nic.streams);
    v("filter_while_bound", nic.filter_while_bound);
    v("filter_after_teardown", nic.filter_after_teardown);
}

template <class V>
void members(V& v, BugCheck& bug_check) {
    v("code", bug_check.code);
    v("parameter1", bug_check.parameter[0]);
    v("parameter2", bug_check.parameter[1]);
    v("parameter3", bug_check.parameter[2]);
    v("parameter4", bug_check.parameter[3]);
    v("module", bug_check.module);
    v("offset", bug_check.offset);
}

template <class V>
void members(V& v, PassedDeadline& deadline) {
    v("phase", deadline.phase);
    v("waiting_for", deadline.waiting_for);
    v("after_ms", deadline.after_ms);
    v("guest_state", deadline.guest_state);
}

template <class V>
void members(V& v, Interruption& interruption) {
    v("why", interruption.why);
    v("sentence", interruption.sentence);
}

template <class V>
void members(V& v, DriverCounters& counters) {
    v("sent", counters.sent);
    v("send_failures", counters.send_failures);
    v("received", counters.received);
    v("receive_bad", counters.receive_bad);
    v("requests", counters.requests);
}

template <class V>
void members(V& v, Promised& promised) {
    v("opens", promised.opens);
    v("closes", promised.closes);
    v("receives_held", promised.receives_held);
    v("requests_held", promised.requests_held);
    v("handles_held", promised.handles_held);
    v("link_changes", promised.link_changes);
    v("binds_refused", promised.binds_refused);
    v("filters_set", promised.filters_set);
    v("filters_left", promised.filters_left);
}

template <class V>
void members(V& v, HeldPoint& held) {
    v("name", held.name);
    v("point", held.point);
}

template <class V>
void members(V& v, RunRecord& record) {
    v("guest", record.guest);
    v("scenario", record.scenario);
    v("trigger", record.trigger);
    v("cycles", record.cycles);
    v("reload_wanted", record.reload_wanted);
    v("nic_count", record.nic_count);
    v("load", record.load);
    v("ndis", record.ndis);
    v("receive_style", record.receive_style);
    v("driver_module", record.driver_module);
    v("promised", record.promised);
    v("censuses", record.censuses);
    v("answers", record.answers);
    v("query_after_teardown", record.query_after_teardown);
    v("query_after_reload", record.query_after_reload);
    v("counters", record.counters);
    v("nics", record.nics);
    v("guest_end", record.guest_end);
    v("bug_check", record.bug_check);
    v("deadline", record.deadline);
    v("interruption", record.interruption);
    v("held_points", record.held_points);
    v("debugger_words", record.debugger_words);
}

}  // namespace rundown::oracle
