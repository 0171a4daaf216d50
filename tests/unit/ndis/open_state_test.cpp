// SPDX-License-Identifier: MIT
// tests/unit/ndis/open_state_test.cpp: what may be done with a binding in each of its states, and
// that whoever unbinds, binds and closes at once, in any order, leaves every binding unbound at
// most once and closed once.
#include "guest-images/reference/ndis/open_state.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace {

using ndis::BindStep;
using ndis::OpenState;
using ndis::UnbindStep;

constexpr OpenState kStates[] = {
    OpenState::opening,
    OpenState::open,
    OpenState::unbinding,
    OpenState::closing,
};

TEST(OpenState, TheHandleIsValidUntilItIsClosed) {
    for (const OpenState state : kStates) {
        EXPECT_EQ(ndis::handle_is_valid(state), state != OpenState::closing);
        EXPECT_EQ(ndis::may_close(state), state != OpenState::closing);
    }
}

TEST(OpenState, NothingIsIndicatedBeforeTheOpenCompletesNorAfterTheClose) {
    EXPECT_FALSE(ndis::gets_indications(OpenState::opening));
    EXPECT_TRUE(ndis::gets_indications(OpenState::open));
    EXPECT_TRUE(ndis::gets_indications(OpenState::unbinding));
    EXPECT_FALSE(ndis::gets_indications(OpenState::closing));
}

TEST(OpenState, AClosingBindingWantsNothingOfTheDevice) {
    EXPECT_TRUE(ndis::filters_count(OpenState::opening));
    EXPECT_TRUE(ndis::filters_count(OpenState::unbinding));
    EXPECT_FALSE(ndis::filters_count(OpenState::closing));
}

TEST(OpenState, AnUnbindWaitsForTheBindItUndoes) {
    EXPECT_EQ(ndis::unbind_step(OpenState::opening, false, true), UnbindStep::wait_for_bind);
    EXPECT_EQ(ndis::unbind_step(OpenState::opening, false, false), UnbindStep::wait_for_bind);
    EXPECT_EQ(ndis::unbind_step(OpenState::open, false, true), UnbindStep::wait_for_bind);
    EXPECT_EQ(ndis::unbind_step(OpenState::open, false, false), UnbindStep::call);
}

TEST(OpenState, WhoComesSecondOnlyWaitsForTheEnd) {
    for (const OpenState state : kStates) {
        EXPECT_EQ(ndis::unbind_step(state, true, false), UnbindStep::wait_for_gone);
    }
    // Closed by the driver itself: no UnbindAdapter for it any more, though its bind be under way.
    EXPECT_EQ(ndis::unbind_step(OpenState::closing, false, false), UnbindStep::wait_for_gone);
    EXPECT_EQ(ndis::unbind_step(OpenState::closing, false, true), UnbindStep::wait_for_gone);
}

TEST(OpenState, APairIsOfferedOnlyWhenNothingOfItExists) {
    EXPECT_EQ(ndis::bind_step(false, false), BindStep::call);
    EXPECT_EQ(ndis::bind_step(true, false), BindStep::is_bound);
    EXPECT_EQ(ndis::bind_step(false, true), BindStep::wait);
    EXPECT_EQ(ndis::bind_step(true, true), BindStep::wait);
}

TEST(OpenState, ACloseEndsAtOnceOnlyWhenNobodyElseHoldsTheBinding) {
    EXPECT_TRUE(ndis::closes_at_once(2, 2));
    EXPECT_FALSE(ndis::closes_at_once(3, 2));
    EXPECT_FALSE(ndis::closes_at_once(1, 2));
}

/// One binding, and what has been done to it.
struct Model {
    OpenState state = OpenState::opening;
    bool bind_under_way = true;
    bool unbind_called = false;
    int unbinds = 0, closes = 0, references = 1;
    bool gone = false;
};

void close(Model& model) {
    if (model.gone || !ndis::may_close(model.state)) {
        return;
    }
    model.state = OpenState::closing;
    ++model.closes;
    --model.references;
}

void unbind(Model& model) {
    if (model.gone || ndis::unbind_step(model.state, model.unbind_called, model.bind_under_way) !=
                          UnbindStep::call) {
        return;
    }
    model.unbind_called = true;
    model.state = OpenState::unbinding;
    ++model.unbinds;
}

void use(Model& model, bool begin) {
    if (begin && !model.gone && ndis::handle_is_valid(model.state)) {
        ++model.references;
    } else if (!begin && model.references > (model.state == OpenState::closing ? 0 : 1)) {
        --model.references;
    }
}

void step(Model& model, unsigned what) {
    switch (what % 6) {
        case 0:
            if (model.state == OpenState::opening) {
                model.state = OpenState::open;
            }
            break;
        case 1:
            model.bind_under_way = model.bind_under_way && model.state == OpenState::opening;
            break;
        case 2:
            unbind(model);
            break;
        case 3:
            close(model);
            break;
        default:
            use(model, what % 6 == 4);
            break;
    }
    if (model.state == OpenState::closing && model.references == 0) {
        model.gone = true;
    }
}

TEST(OpenState, InAnyOrderABindingIsUnboundAtMostOnceAndClosedOnce) {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        std::mt19937 random(seed);
        Model model;
        for (int i = 0; i < 60; ++i) {
            step(model, random());
            ASSERT_LE(model.unbinds, 1) << "seed " << seed;
            ASSERT_LE(model.closes, 1) << "seed " << seed;
            ASSERT_GE(model.references, 0) << "seed " << seed;
            ASSERT_FALSE(model.gone && model.closes == 0) << "seed " << seed;
        }
    }
}

}  // namespace
