// SPDX-License-Identifier: MIT
// trace/bug_checks.cpp
#include "trace/bug_checks.hpp"

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <vector>

namespace rundown::trace {
namespace {

/// What one value of a parameter stands for.
struct Value {
    std::uint64_t value;
    std::string_view words;
};

struct Parameter {
    std::string_view what;            // "memory referenced"; empty: unused or of no use.
    std::span<const Value> values{};  // Where values have a meaning of their own.
};

struct Meaning {
    std::uint32_t code;
    std::array<Parameter, 4> parameters;
};

constexpr Value kAccess[] = {{0, "read"}, {1, "write"}, {8, "execution"}};
constexpr Value kFaultAccess[] = {{0, "read"}, {1, "write"}, {2, "write"}, {0x10, "execution"}};

constexpr Value kPoolHeader[] = {
    {0x2, "the special pool's pattern was overwritten"},
    {0x3, "the free list is corrupt"},
    {0x5, "the headers of two neighbours contradict each other"},
    {0x6, "a block header's previous size is too large"},
    {0x7, "a block header is corrupt"},
    {0x8, "a block header is corrupt"},
    {0x9, "a block header is corrupt"},
    {0xA, "a block that should be on a page is not"},
    {0x20, "a block header's size is corrupt"},
    {0x21, "data behind a block that is being freed is corrupt"},
};
constexpr Value kPoolCaller[] = {
    {0x0, "no bytes were asked for"},
    {0x1, "the pool header is corrupt"},
    {0x2, "the pool header is corrupt"},
    {0x4, "the pool header is corrupt"},
    {0x6, "memory was freed that had been freed before"},
    {0x7, "memory was freed that had been freed before"},
    {0x8, "pool was allocated at an IRQL that is too high"},
    {0x9, "pool was freed at an IRQL that is too high"},
    {0xA, "memory was freed with another tag than it was allocated with"},
    {0x40, "an address of user mode was freed"},
    {0x41, "memory that is not allocated was freed"},
    {0x42, "memory that was never allocated was freed"},
    {0x43, "memory that was never allocated was freed"},
    {0x46, "an address that is no pool was freed"},
    {0x47, "an address that is no pool was freed"},
    {0x60, "the memory lies in pages that are not of the pool"},
    {0x99, "an address that is no allocation was freed"},
};
constexpr Value kPfnList[] = {
    {0x1, "a list head is corrupt"},
    {0x2, "a list entry is corrupt"},
    {0x7, "a driver unlocked pages more often than it had locked them"},
    {0x8F, "the list of free or zeroed pages is corrupt"},
    {0x99, "a page table entry or page frame is corrupt"},
    {0x9A, "a driver freed a page that is locked for input or output"},
};
constexpr Value kNdis[] = {
    {0x1, "NdisMAllocateSharedMemory was called at a raised IRQL"},
    {0x2, "shared memory was found corrupt"},
    {0x3, "shared memory was freed that had been freed before"},
    {0x4, "AddDevice was called with a driver that NDIS does not know"},
    {0x5, "a packet was indicated that the protocols are still using"},
    {0x6, "a packet was indicated that the protocols are still using"},
    {0x7, "a packet was indicated that the protocols are still using"},
    {0x8, "a miniport was halted and had not deregistered its interrupt"},
    {0x9, "a miniport was halted with a timer not cancelled"},
    {0xA, "a miniport driver was unloaded too early"},
    {0xB, "a miniport failed to initialise and had not deregistered its interrupt"},
    {0xC, "a miniport failed to initialise with a timer not cancelled"},
};
constexpr Value kTraps[] = {
    {0x0, "division by zero"},
    {0x4, "overflow"},
    {0x5, "bounds check"},
    {0x6, "invalid instruction"},
    {0x8, "double fault: most often a kernel stack that overflowed"},
    {0xC, "stack fault"},
    {0xD, "general protection"},
    {0x11, "alignment check"},
};
constexpr Value kPower[] = {
    {0x1, "a device was freed with a power request outstanding"},
    {0x2, "a device completed a power request and the system waits for another"},
    {0x3, "a device has blocked a power request for too long"},
    {0x4, "the power transition waits for the PnP lock"},
};
constexpr Value kWatchdog[] = {
    {0x0, "a single DPC or interrupt routine ran too long"},
    {0x1, "the system was at DISPATCH_LEVEL or above for too long in all"},
};
constexpr Value kSecurity[] = {
    {0x0, "a stack cookie was overwritten"},
    {0x2, "a stack cookie was overwritten"},
    {0x3, "a list entry is corrupt: removed twice, or its memory written over"},
    {0x4, "reserved"},
    {0x5, "an invalid parameter"},
    {0x6, "the stack cookie was not initialised"},
    {0x7, "the process was asked to end at once"},
    {0x8, "an array was indexed beyond its end"},
    {0xA, "an indirect call went where none may go"},
    {0x1D, "a tree node is corrupt"},
};
constexpr Value kPoolCorruption[] = {
    {0x3, "the free list is corrupt"},
    {0xE, "a block on the look-aside or free list was written after it was freed"},
};

constexpr Meaning kMeanings[] = {
    {0x0A, {{{"memory referenced"}, {"IRQL"}, {"access", kAccess}, {"by the instruction at"}}}},
    {0x19, {{{"violation", kPoolHeader}, {"parameter 2"}, {"parameter 3"}, {"parameter 4"}}}},
    {0x1E, {{{"exception"}, {"at"}, {"its first parameter"}, {"its second parameter"}}}},
    {0x3B, {{{"exception"}, {"at"}, {"context record"}, {""}}}},
    {0x41,
     {{{"bytes asked for"},
       {"pages used"},
       {"pages of non-paged pool asked for"},
       {"pages there are"}}}},
    {0x44, {{{"IRP completed twice"}, {""}, {""}, {""}}}},
    {0x4E, {{{"violation", kPfnList}, {"parameter 2"}, {"parameter 3"}, {"parameter 4"}}}},
    {0x50, {{{"memory referenced"}, {"access", kFaultAccess}, {"by the instruction at"}, {""}}}},
    {0x7C,
     {{{"violation", kNdis}, {"miniport block or object"}, {"parameter 3"}, {"parameter 4"}}}},
    {0x7E, {{{"exception"}, {"at"}, {"exception record"}, {"context record"}}}},
    {0x7F, {{{"trap", kTraps}, {""}, {""}, {""}}}},
    {0x80, {{{"parameter 1"}, {"parameter 2"}, {"parameter 3"}, {"parameter 4"}}}},
    {0x8E, {{{"exception"}, {"at"}, {"trap frame"}, {""}}}},
    {0x9F, {{{"violation", kPower}, {"device object"}, {"parameter 3"}, {"parameter 4"}}}},
    {0xC2, {{{"violation", kPoolCaller}, {"parameter 2"}, {"parameter 3"}, {"parameter 4"}}}},
    {0xC4,
     {{{"Driver Verifier's code of the violation"},
       {"parameter 2"},
       {"parameter 3"},
       {"parameter 4"}}}},
    {0xC5, {{{"memory referenced"}, {"IRQL"}, {"access", kAccess}, {"by the instruction at"}}}},
    {0xC9,
     {{{"I/O Verifier's code of the violation"},
       {"parameter 2"},
       {"parameter 3"},
       {"parameter 4"}}}},
    {0xCE, {{{"memory referenced"}, {"access", kFaultAccess}, {"by the instruction at"}, {""}}}},
    {0xD1, {{{"memory referenced"}, {"IRQL"}, {"access", kAccess}, {"by the instruction at"}}}},
    {0xD5, {{{"memory referenced"}, {"access", kFaultAccess}, {"by the instruction at"}, {""}}}},
    {0xD6,
     {{{"memory referenced beyond an allocation"},
       {"access", kFaultAccess},
       {"by the instruction at"},
       {""}}}},
    {0xE2, {{{"parameter 1"}, {"parameter 2"}, {"parameter 3"}, {"parameter 4"}}}},
    {0x101,
     {{{"clock interrupts the processor took no notice of"},
       {""},
       {"its control block"},
       {"its number"}}}},
    {0x133, {{{"violation", kWatchdog}, {"ticks it took"}, {"ticks it may take"}, {""}}}},
    {0x139, {{{"corruption", kSecurity}, {"trap frame"}, {"exception record"}, {""}}}},
    {0x13A, {{{"corruption", kPoolCorruption}, {"pool"}, {"block"}, {"parameter 4"}}}},
    {0x15E,
     {{{"NDIS's code of what it noticed"}, {"parameter 2"}, {"parameter 3"}, {"parameter 4"}}}},
};

std::string words_for(const Parameter& parameter, std::uint64_t value) {
    for (const Value& known : parameter.values) {
        if (known.value == value) {
            return fmt::format("{} {:#x} ({})", parameter.what, value, known.words);
        }
    }
    return fmt::format("{} {:#x}", parameter.what, value);
}

}  // namespace

std::string bug_check_meaning(std::uint32_t code, const std::array<std::uint64_t, 4>& parameters) {
    for (const Meaning& meaning : kMeanings) {
        if (meaning.code != code) {
            continue;
        }
        std::string words;
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            if (!meaning.parameters[i].what.empty()) {
                words +=
                    (words.empty() ? "" : "; ") + words_for(meaning.parameters[i], parameters[i]);
            }
        }
        return "Parameters: " + words + ".";
    }
    return {};
}

}  // namespace rundown::trace
