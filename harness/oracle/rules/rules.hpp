// SPDX-License-Identifier: MIT
// oracle/rules/rules.hpp
//
// The rules, one file each, in the order in which they report. The ids in citations (S1, R5) are
// the lines of the contract in oracle/README.md.
#pragma once

#include "oracle/oracle.hpp"

namespace rundown::oracle {

extern const Rule bug_check_rule;
extern const Rule deadline_rule;
extern const Rule contract_violation_rule;
extern const Rule deregister_status_rule;
extern const Rule protocol_handle_rule;
extern const Rule deregistered_before_unload_rule;
extern const Rule unbind_once_per_open_rule;
extern const Rule open_closed_once_rule;
extern const Rule close_completed_once_rule;
extern const Rule no_callback_after_close_rule;
extern const Rule no_callback_after_deregister_rule;
extern const Rule silent_wire_rule;
extern const Rule packets_returned_rule;
extern const Rule buffers_returned_rule;
extern const Rule requests_completed_rule;
extern const Rule filters_released_rule;
extern const Rule pool_balance_rule;
extern const Rule unload_waits_for_handles_rule;
extern const Rule image_gone_rule;
extern const Rule passive_level_rule;
extern const Rule right_call_for_version_rule;
extern const Rule traffic_rule;

}  // namespace rundown::oracle
