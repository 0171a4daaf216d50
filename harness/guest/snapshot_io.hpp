// SPDX-License-Identifier: MIT
// guest/snapshot_io.hpp
//
// Live snapshots: a machine saved to a file, to be resumed by GuestSpec::resume_from in a fraction
// of the time a boot takes. The state holds memory, the trace window's included, and the devices;
// not the disks. With Asio, on the loop.
//
// Resumed, the guest finds itself where it was: RAM and trace window have the contents they had
// then (the window is a new file on the host, filled by QEMU), and each wire (COM1, COM2, NICs) is
// a new connection on which nothing was sent yet. What was on its way in a wire at the moment of
// save() is lost, so save with the line drained; whoever talks to the guest says hello anew.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "guest/guest_io.hpp"
#include "guest/snapshot.hpp"

namespace rundown::guest {

/// Saves the machine to `path` (absolute, new), and what hardware it fits to
/// snapshot_record_path(path). The machine has stopped afterwards and does not go on: its disks are
/// as the snapshot needs them. stop() it, keep them unchanged, and resume with overlays on them.
/// Nothing is left of a save that failed, and the machine goes on then. Errors: usage (the spec
/// has no `snapshots`, or the file exists), environment (it cannot be written), hypervisor,
/// timeout.
boost::asio::awaitable<result<void>> save(
    Hypervisor& hypervisor, Guest& guest, std::string path, Deadline deadline
);

/// Whether the file GuestSpec::resume_from names is whole and fits the spec. Errors: usage (other
/// hardware), environment (damaged or missing).
result<void> check_snapshot(const GuestSpec& spec, const std::string& qemu_version);

/// Loads the state into a guest that was started for it and lets its processors go on. For
/// Guest::start(). Errors: hypervisor, timeout.
boost::asio::awaitable<result<void>> load_state(Guest& guest, Deadline deadline);

}  // namespace rundown::guest
