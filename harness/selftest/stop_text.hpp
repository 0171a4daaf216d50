// SPDX-License-Identifier: MIT
// selftest/stop_text.hpp
//
// A bug check as the reference guest prints it (ke/bugcheck.cpp), and what a provocation announced
// before it; read strictly. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rundown::selftest {

/// An address, and what the guest says is there: "ndis.sys+0x1234", "0xffff..." outside of modules.
struct Place {
    std::uint64_t address = 0;
    std::string module;  // Empty: none.
    std::uint64_t offset = 0;
    bool unloaded = false;
};

struct StopText {
    std::uint32_t code = 0;
    std::array<std::uint64_t, 4> parameter{};
    std::string name;                          // As the guest calls the code.
    std::optional<Place> blamed;               // The module it happened in; none: the kernel alone.
    std::array<std::optional<Place>, 4> into;  // Of parameters that point into a module.
    std::vector<Place> stack;                  // From where it happened outwards.
    bool whole = false;                        // "*** halted" was printed.
};

/// The first bug check in the log; nothing when there is none. A line inside its text that is not
/// of the format is left out, so that whoever judges misses it.
std::optional<StopText> read_stop_text(std::string_view debug_log);

/// What a provocation said before its crime.
struct Announcement {
    std::array<std::optional<std::uint64_t>, 4> value;
    std::optional<std::array<std::uint64_t, 2>>
        guilty;  // Begin and end of the function; the last said.
    bool survived = false;
    std::string not_started;  // Why the driver that commits it did not come to it; printable.
    std::vector<std::string> malformed;
};

Announcement read_announcement(std::string_view debug_log, std::string_view provocation);

}  // namespace rundown::selftest
