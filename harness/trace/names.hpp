// SPDX-License-Identifier: MIT
// trace/names.hpp
//
// What the numbers of a trace are called: in the documentation (functions, status codes, OIDs, bug
// checks) and in the text form of a trace (the enumerators of trace_abi.h, lower case, '-').
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rundown/trace_abi.h"

namespace rundown::trace {

/// Names of the text form: "close-adapter", "callback-return", "ndis". "?" for unknown numbers.
std::string_view event_name(std::uint16_t event);
std::string_view kind_name(std::uint8_t kind);
std::string_view source_name(std::uint8_t source);
std::string_view mark_name(std::uint64_t mark);
std::string_view violation_name(std::uint64_t violation);

/// And back; absent for names there are none of.
std::optional<std::uint16_t> event_from(std::string_view name);
std::optional<std::uint8_t> kind_from(std::string_view name);
std::optional<std::uint8_t> source_from(std::string_view name);
std::optional<std::uint64_t> mark_from(std::string_view name);
std::optional<std::uint64_t> violation_from(std::string_view name);

/// The function as its documentation page is titled: "NdisCloseAdapter", "ProtocolUnbindAdapter".
/// Facts are called by their name in the text form.
std::string function_name(std::uint16_t event);

/// "NDIS_STATUS_PENDING"; "0xC0000001" for those without a name here.
std::string status_name(std::uint32_t status);
std::optional<std::uint32_t> status_from(std::string_view name);

/// "OID_GEN_LINK_SPEED"; "OID 0x00010107" for those without a name here.
std::string oid_name(std::uint32_t oid);

/// "BAD_POOL_CALLER (0xC2)"; "0x12345678" for those without a name here.
std::string bug_check_name(std::uint32_t code);

/// "PASSIVE_LEVEL", "DISPATCH_LEVEL", "IRQL 5".
std::string irql_name(std::uint64_t irql);

/// A pool tag as it is written in source code: "Rdp5"; hexadecimal when it is not text.
std::string tag_name(std::uint32_t tag);

}  // namespace rundown::trace
