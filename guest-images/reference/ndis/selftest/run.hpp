// SPDX-License-Identifier: MIT
// ndis/selftest/run.hpp
//
// The tests of ndistest.sys, and who runs them.
#pragma once
#include "ndis/selftest/card.hpp"

namespace ndistest {

extern const RD_SELF_TEST library_tests[], deserialized_tests[], serialized_tests[];

/// Has the PnP manager start or stop the test miniport's device. False: it refuses. PASSIVE_LEVEL.
bool enable_card(bool enable);

}  // namespace ndistest
