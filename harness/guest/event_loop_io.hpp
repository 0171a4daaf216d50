// SPDX-License-Identifier: MIT
// guest/event_loop_io.hpp
//
// libvirt's event loop on Asio: file handles and timeouts that libvirt asks for
// (virEventRegisterImpl) are waited for on the loop that is attached. libvirt takes one event
// implementation for the life of the process, so this one is never destroyed; between loops (tests
// run several) its handles and timeouts rest. libvirt may call from any thread; its callbacks run
// on the loop only.
#pragma once

#include <boost/asio/any_io_executor.hpp>

namespace rundown::guest {

/// Has libvirt's events waited for on `executor`, whose context must run on one thread and outlive
/// the attachment. Registers the implementation with libvirt at the first call: before any
/// connection is opened.
void attach_libvirt_events(boost::asio::any_io_executor executor);

/// Lets go of the loop; on the loop's thread, or while the loop does not run.
void detach_libvirt_events();

}  // namespace rundown::guest
