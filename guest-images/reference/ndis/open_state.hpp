// SPDX-License-Identifier: MIT
// ndis/open_state.hpp
//
// What may be done with a binding, and when: the states of an open and the decisions that hang on them. Pure, no NDIS types:
// natively tested in tests/unit/ndis. The callers hold CoreLock while they ask and while they act on the answer.
//
//   opening --the open completes--> open --UnbindAdapter--> unbinding --\.
//      |                              \---- NdisCloseAdapter -----------> closing --last reference--> gone
//      \-------------------------------- NdisCloseAdapter --------------/
#pragma once
#include <stdint.h>

namespace ndis {

enum class OpenState : uint32_t { opening, open, unbinding, closing };  // as rd_ndis_bindings reports it

/// The handle is valid from NdisOpenAdapter's return until NdisCloseAdapter is called.
constexpr bool handle_is_valid(OpenState state) { return state != OpenState::closing; }

/// Receives, status indications and events go to bindings that are open, until the driver closes them.
constexpr bool gets_indications(OpenState state) { return state == OpenState::open || state == OpenState::unbinding; }

/// Its filter counts in what the device is asked for.
constexpr bool filters_count(OpenState state) { return state != OpenState::closing; }

/// Who closes: the first of the driver and NDIS to ask.
constexpr bool may_close(OpenState state) { return state != OpenState::closing; }

/// What somebody who wants a binding gone does about it.
enum class UnbindStep {
    wait_for_bind,  ///< Its open or its bind is still under way: UnbindAdapter must not come before their end.
    call,           ///< Call UnbindAdapter, as the only one to do so, and close what it leaves.
    wait_for_gone,  ///< Somebody else unbinds it, or the driver closes it by itself.
};

constexpr UnbindStep unbind_step(OpenState state, bool unbind_called, bool bind_under_way) {
    if (state == OpenState::closing || unbind_called) return UnbindStep::wait_for_gone;
    if (state == OpenState::opening || bind_under_way) return UnbindStep::wait_for_bind;
    return UnbindStep::call;
}

/// What to do about a pair that is to be bound.
enum class BindStep {
    call,      ///< Offer the adapter: call BindAdapter.
    is_bound,  ///< It has a binding already.
    wait,      ///< Somebody else's bind of the pair is under way: its end decides.
};

constexpr BindStep bind_step(bool has_open, bool bind_under_way) {
    if (bind_under_way) return BindStep::wait;
    return has_open ? BindStep::is_bound : BindStep::call;
}

/// What a finished close does with the reference count of an open: closed at once when nobody but its existence and the close
/// itself hold it; otherwise it pends until the last reference is gone.
constexpr bool closes_at_once(int32_t references, int32_t own) { return references == own; }

}  // namespace ndis
