// SPDX-License-Identifier: MIT
// support/conforming_run.cpp
#include "support/conforming_run.hpp"

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <random>
#include <set>

#include "rundown/trace_abi.h"

namespace rundown::test {
namespace {

using oracle::RunRecord;
using trace::Record;

constexpr std::uint32_t kSuccess = 0;
constexpr std::uint32_t kPending = 0x103;
constexpr std::uint64_t kProtocol = 0xFFFFA00000000100;

/// A binding as the model has it.
struct Binding {
    std::uint16_t number;  // NDIS numbers it 10 higher.
    std::uint64_t open;
    std::uint64_t context;
    int uses = 0;       // What holds the driver's close back.
    int callbacks = 0;  // What holds NDIS's completion of the close back.
    bool closing = false;
    bool closed = false;  // NDIS calls no handler any more.
    bool unbound = false;
    std::uint32_t frames = 0;  // Sent: the next one's sequence number.
};

/// What an actor does next, and whether it may yet.
struct Step {
    std::function<bool()> may;
    std::function<void()> act;
};

struct Actor {
    std::uint32_t thread;
    std::deque<Step> steps;
};

class Model {
  public:
    Model(std::uint32_t seed, const ConformingOptions& options)
        : random_(seed), options_(options) {}

    RunRecord run() {
        main_ = actor();
        for (std::uint32_t i = 0; i < options_.bindings; ++i) {
            bindings_.push_back(std::make_unique<Binding>(Binding{
                static_cast<std::uint16_t>(i + 1),
                0xFFFFA00000001000 + 0x100 * i,
                0xFFFFB00000001000 + 0x1000 * i}));
        }
        load_driver();
        use_handles();
        then(main_, [this] { mark(RD_MARK_LOAD); });
        then(main_, [this] { start_traffic(); });
        // The teardown comes at any moment of the traffic, but not before it has begun.
        when(
            main_,
            [this] { return sent_ != 0 || options_.bindings == 0; },
            [this] { mark(RD_MARK_TRIGGER); }
        );
        when(
            main_, [this] { return open_handles_ == 0; }, [this] { unload(); }
        );
        while (turn()) {
        }
        return finish();
    }

  private:
    using Handle = std::list<Actor>::iterator;

    Handle actor() {
        actors_.push_back({++last_thread_, {}});
        return std::prev(actors_.end());
    }
    void when(Handle actor, std::function<bool()> may, std::function<void()> act) {
        actor->steps.push_back({std::move(may), std::move(act)});
    }
    void then(Handle actor, std::function<void()> act) {
        when(
            actor, [] { return true; }, std::move(act)
        );
    }
    bool coin() { return std::uniform_int_distribution<>(0, 1)(random_) == 1; }

    /// One step of one actor that may go on; false when nobody has anything left to do.
    bool turn() {
        std::vector<Handle> ready;
        for (auto it = actors_.begin(); it != actors_.end(); ++it) {
            if (!it->steps.empty() && it->steps.front().may()) {
                ready.push_back(it);
            }
        }
        if (ready.empty()) {
            return false;
        }
        const auto pick = std::uniform_int_distribution<std::size_t>(0, ready.size() - 1)(random_);
        current_ = ready[pick]->thread;
        const auto act = std::move(ready[pick]->steps.front().act);
        ready[pick]->steps.pop_front();
        act();
        return true;
    }

    Record& write(std::uint8_t source, std::uint8_t kind, std::uint16_t event) {
        static Record unheard;
        if (source == RD_SOURCE_NDIS && !options_.ndis_speaks) {
            return unheard = {};
        }
        Record record;
        record.sequence = records_.size();
        record.time = 1000 * record.sequence;
        record.thread = current_;
        record.source = source;
        record.kind = kind;
        record.event = event;
        records_.push_back(record);
        return records_.back();
    }

    void mark(rd_trace_mark mark) {
        write(RD_SOURCE_AGENT, RD_KIND_NOTE, RD_EV_MARK).arg[0] = mark;
    }

    /// A record about a binding from one of the sides, with the side's own number.
    Record& about(
        const Binding& binding, std::uint8_t source, std::uint8_t kind, std::uint16_t event
    ) {
        Record& record = write(source, kind, event);
        record.binding =
            static_cast<std::uint16_t>(binding.number + (source == RD_SOURCE_NDIS ? 10 : 0));
        return record;
    }

    /// What both ends of a call or callback write, filled in by `fill`.
    struct Crossing {
        std::uint8_t enter;
        std::uint16_t event;
        std::function<void(Record&)> fill;
    };

    void enter(Handle actor, Binding& binding, const Crossing& crossing) {
        const bool call = crossing.enter == RD_KIND_CALL;
        for (const std::uint8_t source :
             {call ? RD_SOURCE_DRIVER : RD_SOURCE_NDIS, call ? RD_SOURCE_NDIS : RD_SOURCE_DRIVER}) {
            then(actor, [this, &binding, crossing, source] {
                crossing.fill(about(binding, source, crossing.enter, crossing.event));
            });
        }
    }
    void leave(Handle actor, Binding& binding, const Crossing& crossing, std::uint32_t status) {
        const bool call = crossing.enter == RD_KIND_CALL;
        for (const std::uint8_t source :
             {call ? RD_SOURCE_NDIS : RD_SOURCE_DRIVER, call ? RD_SOURCE_DRIVER : RD_SOURCE_NDIS}) {
            then(actor, [this, &binding, crossing, source, status] {
                Record& record = about(
                    binding, source, static_cast<std::uint8_t>(crossing.enter + 1), crossing.event
                );
                crossing.fill(record);
                record.status = status;
            });
        }
    }

    // Loading.

    void load_driver() {
        then(main_, [this] { mark(RD_MARK_BIND); });
        then(main_, [this] { write(RD_SOURCE_DRIVER, RD_KIND_CALLBACK, RD_EV_DRIVER_ENTRY); });
        then(main_, [this] {
            write(RD_SOURCE_DRIVER, RD_KIND_CALL, RD_EV_REGISTER_PROTOCOL).arg[0] = 0x501;
            for (const std::uint8_t source : {RD_SOURCE_NDIS, RD_SOURCE_DRIVER}) {
                Record& back = write(source, RD_KIND_RETURN, RD_EV_REGISTER_PROTOCOL);
                back.object = kProtocol;
                back.arg[0] = 0x501;
            }
            write(RD_SOURCE_DRIVER, RD_KIND_CALLBACK_RETURN, RD_EV_DRIVER_ENTRY);
            loaded_ = true;
        });
        for (auto& binding : bindings_) {
            bind(*binding);
        }
    }

    void bind(Binding& binding) {
        const bool pending = coin();
        then(main_, [this, &binding] {
            about(binding, RD_SOURCE_DRIVER, RD_KIND_NOTE, RD_EV_BINDING_CREATED).object =
                binding.context;
            Record& pool =
                about(binding, RD_SOURCE_DRIVER, RD_KIND_RETURN, RD_EV_ALLOCATE_PACKET_POOL);
            pool.object = binding.open + 8;
            pool.arg[0] = 128;
        });
        const Crossing open{RD_KIND_CALL, RD_EV_OPEN_ADAPTER, [&binding](Record& record) {
                                record.object = binding.context;
                            }};
        enter(main_, binding, open);
        const Crossing opened{
            RD_KIND_CALL, RD_EV_OPEN_ADAPTER, [&binding, pending](Record& record) {
                record.object = pending ? 0 : binding.open;
                record.arg[0] = binding.context;
            }};
        leave(main_, binding, opened, pending ? kPending : kSuccess);
        if (pending) {
            const Crossing complete{
                RD_KIND_CALLBACK, RD_EV_OPEN_ADAPTER_COMPLETE, [&binding](Record& record) {
                    record.object = binding.context;
                    record.arg[0] = binding.open;
                }};
            enter(main_, binding, complete);
            leave(main_, binding, complete, kSuccess);
        }
        set_filters(binding, true);
    }

    /// A set of one OID, at once. The filters of a binding: given when it is bound, taken back
    /// before it is closed.
    void set_oid(Binding& binding, std::uint32_t oid, std::uint64_t contents) {
        const Crossing set{
            RD_KIND_CALL, RD_EV_REQUEST, [&binding, oid, contents](Record& record) {
                record.object = binding.open;
                record.arg = {0xFFFFD00000000000 + oid, std::uint64_t{1} << 32 | oid, contents};
            }};
        enter(main_, binding, set);
        leave(main_, binding, set, kSuccess);
    }

    void set_filters(Binding& binding, bool given) {
        constexpr std::uint32_t filter = 0x0001010E;
        constexpr std::uint32_t list = 0x01010103;
        set_oid(binding, filter, std::uint64_t{4} << 32 | (given ? 0xB : 0));
        set_oid(binding, list, given ? std::uint64_t{12} << 32 | 0x525E0001 : 0);
        then(main_, [this, &binding, given] {
            Record& note = about(binding, RD_SOURCE_NDIS, RD_KIND_NOTE, RD_EV_FILTER_SET);
            note.object = binding.open;
            note.arg = {given ? 0xBu : 0u, given ? 0xBu : 0u, 0};
        });
    }

    /// Somebody opens the driver's device and closes it again, twice: Unload waits for it.
    void use_handles() {
        const Handle user = actor();
        for (std::uint64_t file = 0xFFFFE00000000000; file != 0xFFFFE00000000200; file += 0x100) {
            const auto told = [this, file](std::uint8_t kind, std::uint16_t event) {
                write(RD_SOURCE_DRIVER, kind, event).object = file;
            };
            when(
                user,
                [this] { return loaded_ && !unloading_; },
                [this, told] {
                    ++open_handles_;
                    told(RD_KIND_CALLBACK, RD_EV_HANDLE_CREATE);
                }
            );
            then(user, [told] { told(RD_KIND_CALLBACK_RETURN, RD_EV_HANDLE_CREATE); });
            then(user, [told] { told(RD_KIND_CALLBACK, RD_EV_HANDLE_CLOSE); });
            then(user, [this, told] {
                told(RD_KIND_CALLBACK_RETURN, RD_EV_HANDLE_CLOSE);
                --open_handles_;
            });
        }
    }

    // Traffic.

    void start_traffic() {
        for (auto& binding : bindings_) {
            for (std::uint32_t i = 0; i < options_.operations; ++i) {
                switch (std::uniform_int_distribution<>(0, 3)(random_)) {
                    case 0:
                        lend(*binding, RD_EV_REQUEST, RD_EV_REQUEST_COMPLETE);
                        break;
                    case 1:
                        receive(*binding);
                        break;
                    default:
                        lend(*binding, RD_EV_SEND, RD_EV_SEND_COMPLETE);
                        break;
                }
            }
            lend(*binding, RD_EV_SEND, RD_EV_SEND_COMPLETE);
        }
    }

    /// A send or request: refused by the driver itself once the binding closes.
    void lend(Binding& binding, std::uint16_t event, std::uint16_t completion) {
        const Handle thread = actor();
        then(thread, [this, &binding, thread, event, completion] {
            if (binding.closing) {
                return;
            }
            ++binding.uses;
            lend_now(binding, thread, event, completion);
        });
    }

    /// Objects are drawn from a few, so that their memory is used again and again.
    std::uint64_t free_object() {
        const std::size_t last = 8 + 2 * lent_.size();
        for (;;) {
            const std::uint64_t object =
                0xFFFFC00000000000 +
                0x40 * std::uniform_int_distribution<std::size_t>(1, last)(random_);
            if (lent_.insert(object).second) {
                return object;
            }
        }
    }

    void lend_now(Binding& binding, Handle thread, std::uint16_t event, std::uint16_t completion) {
        const std::uint64_t object = free_object();
        const bool pending = coin();
        const std::uint64_t frame =
            event == RD_EV_SEND ? std::uint64_t{binding.number} << 32 | binding.frames++ : 0;
        const Crossing call{RD_KIND_CALL, event, [&binding, object, frame](Record& record) {
                                record.object = binding.open;
                                record.arg[0] = object;
                                record.arg[1] = record.source == RD_SOURCE_DRIVER ? frame : 0;
                            }};
        enter(thread, binding, call);
        then(thread, [this, event] { sent_ += event == RD_EV_SEND ? 1 : 0; });
        if (pending) {
            // From here on the completion races with the return.
            then(thread, [this, &binding, completion, object] {
                complete(binding, completion, object);
            });
        }
        leave(thread, binding, call, pending ? kPending : kSuccess);
        if (!pending) {
            then(thread, [this, &binding, object] {
                lent_.erase(object);
                --binding.uses;
            });
        } else {
            // The return's own record still belongs to the call: the driver holds the binding.
            ++binding.uses;
            then(thread, [&binding] { --binding.uses; });
        }
    }

    void complete(Binding& binding, std::uint16_t completion, std::uint64_t object) {
        const Handle thread = actor();
        const Crossing callback{RD_KIND_CALLBACK, completion, [&binding, object](Record& record) {
                                    record.object = binding.context;
                                    record.arg[0] = object;
                                }};
        ++binding.callbacks;
        enter(thread, binding, callback);
        then(thread, [this, &binding, object] {
            lent_.erase(object);
            --binding.uses;
        });
        leave(thread, binding, callback, kSuccess);
        then(thread, [&binding] { --binding.callbacks; });
    }

    void receive(Binding& binding) {
        const Handle thread = actor();
        then(thread, [this, &binding, thread] {
            if (binding.closed) {
                return;
            }
            ++binding.callbacks;
            receive_now(binding, thread);
        });
    }

    void receive_now(Binding& binding, Handle thread) {
        const std::uint64_t packet = free_object();
        const auto kept = std::make_shared<std::uint64_t>(0);
        const Crossing callback{
            RD_KIND_CALLBACK, RD_EV_RECEIVE_PACKET, [&binding, packet, kept](Record& record) {
                record.object = binding.context;
                record.arg[0] = packet;
                if (record.kind == RD_KIND_CALLBACK_RETURN) {
                    record.arg[1] = *kept;
                }
            }};
        enter(thread, binding, callback);
        then(thread, [this, &binding, packet, kept] {
            if (!binding.closing && coin()) {
                *kept = 1;
                ++binding.uses;
                give_back(binding, packet);
            }
        });
        leave(thread, binding, callback, kSuccess);
        then(thread, [this, &binding, packet, kept] {
            --binding.callbacks;
            if (*kept == 0) {
                lent_.erase(packet);
            }
        });
    }

    /// NdisReturnPackets, perhaps before the callback that kept the packet has returned.
    void give_back(Binding& binding, std::uint64_t packet) {
        const Handle thread = actor();
        const Crossing call{RD_KIND_CALL, RD_EV_RETURN_PACKETS, [packet](Record& record) {
                                record.object = packet;
                            }};
        enter(thread, binding, call);
        leave(thread, binding, call, kSuccess);
        // Its memory is NDIS's; not used again here, so that it stands for one packet throughout.
        then(thread, [&binding] { --binding.uses; });
    }

    // Teardown.

    void unload() {
        unloading_ = true;
        write(RD_SOURCE_DRIVER, RD_KIND_CALLBACK, RD_EV_DRIVER_UNLOAD);
        for (const std::uint8_t source : {RD_SOURCE_DRIVER, RD_SOURCE_NDIS}) {
            then(main_, [this, source] {
                write(source, RD_KIND_CALL, RD_EV_DEREGISTER_PROTOCOL).object = kProtocol;
            });
        }
        for (auto& binding : bindings_) {
            unbind(*binding);
        }
        when(
            main_,
            [this] { return all_unbound(); },
            [this] {
                for (const std::uint8_t source : {RD_SOURCE_NDIS, RD_SOURCE_DRIVER}) {
                    write(source, RD_KIND_RETURN, RD_EV_DEREGISTER_PROTOCOL).object = kProtocol;
                }
            }
        );
        then(main_, [this] {
            write(RD_SOURCE_DRIVER, RD_KIND_CALLBACK_RETURN, RD_EV_DRIVER_UNLOAD);
        });
        // The image goes when no code of it runs: callbacks have returned.
        then(main_, [this] { mark(RD_MARK_SETTLED); });
        then(main_, [this] { mark(RD_MARK_END); });
    }

    bool all_unbound() const {
        for (const auto& binding : bindings_) {
            if (!binding->unbound || binding->callbacks != 0) {
                return false;
            }
        }
        return true;
    }

    /// All in the thread that deregisters, but for a close that pends.
    void unbind(Binding& binding) {
        const bool pending = coin();
        const Crossing unbind{RD_KIND_CALLBACK, RD_EV_UNBIND_ADAPTER, [&binding](Record& record) {
                                  record.object = binding.context;
                                  record.arg[0] = binding.open + 4;
                              }};
        enter(main_, binding, unbind);
        then(main_, [&binding] { binding.closing = true; });
        when(
            main_, [&binding] { return binding.uses == 0; }, [] {}
        );
        set_filters(binding, false);
        const Crossing close{RD_KIND_CALL, RD_EV_CLOSE_ADAPTER, [&binding](Record& record) {
                                 record.object = binding.open;
                                 record.arg[0] = binding.context;
                             }};
        enter(main_, binding, close);
        if (pending) {
            then(main_, [this, &binding] { close_later(binding); });
        } else {
            when(
                main_,
                [&binding] { return binding.callbacks == 0; },
                [&binding] { binding.closed = true; }
            );
        }
        leave(main_, binding, close, pending ? kPending : kSuccess);
        if (!pending) {
            then(main_, [this, &binding] { free_binding(binding); });
        }
        leave(main_, binding, unbind, pending ? kPending : kSuccess);
        if (!pending) {
            then(main_, [&binding] { binding.unbound = true; });
        }
    }

    void close_later(Binding& binding) {
        const Handle thread = actor();
        when(
            thread,
            [&binding] { return binding.callbacks == 0; },
            [&binding] {
                binding.closed = true;
                ++binding.callbacks;
            }
        );
        const Crossing complete{
            RD_KIND_CALLBACK, RD_EV_CLOSE_ADAPTER_COMPLETE, [&binding](Record& record) {
                record.object = binding.context;
            }};
        enter(thread, binding, complete);
        then(thread, [this, &binding] { free_binding(binding); });
        const Crossing unbound{RD_KIND_CALL, RD_EV_COMPLETE_UNBIND, [&binding](Record& record) {
                                   record.object = binding.open + 4;
                               }};
        enter(thread, binding, unbound);
        then(thread, [&binding] { binding.unbound = true; });
        leave(thread, binding, unbound, kSuccess);
        leave(thread, binding, complete, kSuccess);
        then(thread, [&binding] { --binding.callbacks; });
    }

    void free_binding(Binding& binding) {
        about(binding, RD_SOURCE_DRIVER, RD_KIND_CALL, RD_EV_FREE_PACKET_POOL).object =
            binding.open + 8;
        about(binding, RD_SOURCE_DRIVER, RD_KIND_RETURN, RD_EV_FREE_PACKET_POOL).object =
            binding.open + 8;
        about(binding, RD_SOURCE_DRIVER, RD_KIND_NOTE, RD_EV_BINDING_FREED).object =
            binding.context;
    }

    RunRecord finish() {
        RunRecord run;
        run.scenario = "unload-under-load";
        run.trigger = "unload";
        run.nic_count = options_.bindings;
        run.load = options_.bindings != 0 ? "light" : "idle";
        run.driver_module = "protocol5.sys";
        run.trace.records = std::move(records_);
        run.trace.head = run.trace.records.size();
        run.trace.frequency_hz = 1'000'000;
        for (const auto step :
             {oracle::Step::start,
              oracle::Step::stop,
              oracle::Step::reload_start,
              oracle::Step::reload_stop}) {
            run.answers.push_back({step, 0, 0, ""});
        }
        run.censuses = {{oracle::CensusPoint::before, 0, {}}, {oracle::CensusPoint::torn_down}};
        run.query_after_teardown = oracle::DriverQuery{true, false, 0, 0, 0};
        run.query_after_reload = run.query_after_teardown;
        for (const auto& binding : bindings_) {
            oracle::NicWitness& nic = run.nics.emplace_back();
            if (binding->frames != 0) {
                nic.streams = {{binding->number, binding->frames, binding->frames - 1}};
            }
        }
        run.guest_end = oracle::GuestEnd::stopped;
        return run;
    }

    std::mt19937 random_;
    const ConformingOptions options_;
    std::vector<std::unique_ptr<Binding>> bindings_;
    std::list<Actor> actors_;
    Handle main_;
    std::uint32_t last_thread_ = 0x100;
    std::uint32_t current_ = 0;
    std::vector<Record> records_;
    std::set<std::uint64_t> lent_;  // Objects somebody has now.
    std::uint64_t sent_ = 0;
    bool loaded_ = false;
    bool unloading_ = false;
    int open_handles_ = 0;
};

}  // namespace

RunRecord conforming_run(std::uint32_t seed, const ConformingOptions& options) {
    return Model(seed, options).run();
}

}  // namespace rundown::test
