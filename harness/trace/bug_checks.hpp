// SPDX-License-Identifier: MIT
// trace/bug_checks.hpp
//
// What the four parameters of a STOP code mean, by its page of the Bug Check Code Reference. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace rundown::trace {

/// "Parameters: memory referenced 0x10; IRQL 0x2; write (0x1); by the instruction at 0x80123456."
/// Empty: the code is not in this table. Parameters that its page leaves unused are left out.
std::string bug_check_meaning(std::uint32_t code, const std::array<std::uint64_t, 4>& parameters);

}  // namespace rundown::trace
