// SPDX-License-Identifier: MIT
// run/hang_text.hpp
//
// What a guest that did not answer was doing: in a deadlock, with nothing that can run, or spinning
// where no interrupt gets through, which is another bug and another place to look. From two
// witnesses: QEMU's view of the processor, taken before the guest was disturbed, and the dump that
// the guest printed at an NMI. Pure; what a guest prints is hostile.
#pragma once

#include <string>
#include <string_view>

namespace rundown::run {

enum class Hang {
    unknown,   // Neither witness says.
    idle,      // The processor is halted: every thread waits.
    spinning,  // It runs, and takes no interrupt: they are off, or the IRQL is above the clock's.
    busy,      // It runs, and interrupts get through.
};

struct HangSeen {
    Hang kind = Hang::unknown;
    std::string sentence;  // With the places in the driver; ends in a full stop.
};

/// True when QEMU's reply to `info registers` says that the processor is halted.
bool is_halted(std::string_view registers);

/// `registers`: QEMU's reply to `info registers`. `debug_log`: of the guest, with its dump last.
/// `driver`: the module under test, "protocol5.sys".
HangSeen hang_in(std::string_view registers, std::string_view debug_log, std::string_view driver);

}  // namespace rundown::run
