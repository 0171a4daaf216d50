// SPDX-License-Identifier: MIT
// guest/operations_io.hpp
//
// What can be done to a running (or panicked) guest from outside, one function a sentence: look at
// its screen, press its keys, take its memory, interrupt it, change its media. Thin: each sends QMP
// commands and reads the replies with qmp_replies.hpp. With Asio, on the loop. Errors of all:
// hypervisor (QEMU refused, in its words; or is gone), timeout.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "guest/guest_io.hpp"
#include "guest/qmp_replies.hpp"

namespace rundown::guest {

template <class T>
using GuestAwaitable = boost::asio::awaitable<result<T>>;

/// Writes what the display shows to a PNG file (absolute path). Error besides: usage (no display).
GuestAwaitable<void> screenshot(Guest& guest, std::string path, Deadline deadline);

/// Presses keys together and lets go: QEMU's names ("ret", "ctrl", "alt", "delete", "a"). They
/// reach the guest's PS/2 keyboard.
GuestAwaitable<void> send_keys(Guest& guest, std::vector<std::string> keys, Deadline deadline);

/// Types text, a key after the other; usage: a character no US keyboard has. The keyboard keeps 16
/// bytes, some three keys: a guest that does not look for longer than that loses some.
GuestAwaitable<void> type_text(Guest& guest, std::string text, Deadline deadline);

enum class DumpFormat {
    elf,      // All of the guest's memory and its processors' registers, as a core file.
    win_dmp,  // As Windows's own MEMORY.DMP; the guest must have published its header (vmcoreinfo).
};

/// Writes the guest's memory to a file (absolute path). The machine stands still meanwhile. A dump
/// that failed leaves no file.
GuestAwaitable<void> dump(Guest& guest, std::string path, DumpFormat format, Deadline deadline);

/// A non-maskable interrupt to every processor: Windows makes a dump of its own at it
/// (NMICrashDump), STOP 0x80.
GuestAwaitable<void> inject_nmi(Guest& guest, Deadline deadline);

/// What the guest did with its drives since it was started, in the order disks, CDs, floppy.
GuestAwaitable<std::vector<DriveStatistics>> drive_statistics(Guest& guest, Deadline deadline);

/// What QEMU does when the guest signals a panic.
enum class PanicAction {
    pause,  // Stop the machine, keep everything: for evidence from outside. The state at the start.
    none,   // Go on, so that the guest can write its own dump.
};
GuestAwaitable<void> set_panic_action(Guest& guest, PanicAction action, Deadline deadline);

/// Puts another ISO (absolute path) into CD drive `index` of the spec, whatever was in it. The
/// guest is not asked: a locked tray is opened by force.
GuestAwaitable<void> insert_cd(
    Guest& guest, std::size_t index, std::string file, Deadline deadline
);
GuestAwaitable<void> eject_cd(Guest& guest, std::size_t index, Deadline deadline);
/// The same for the floppy; raw images.
GuestAwaitable<void> insert_floppy(Guest& guest, std::string file, Deadline deadline);

/// Resets the machine, as its button does.
GuestAwaitable<void> reset(Guest& guest, Deadline deadline);
/// Stops the processors, and lets them go on.
GuestAwaitable<void> pause(Guest& guest, Deadline deadline);
GuestAwaitable<void> resume(Guest& guest, Deadline deadline);

/// The host's thread of each virtual processor, in their order. Under TCG with icount they are all
/// the same one.
GuestAwaitable<std::vector<int>> processor_threads(Guest& guest, Deadline deadline);

}  // namespace rundown::guest
