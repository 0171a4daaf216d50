// SPDX-License-Identifier: MIT
// guest/domain_xml.hpp
//
// A guest's libvirt domain as XML: a pure function of spec and names. It asks for what the guest
// needs and switches off what libvirt or QEMU would add unasked (USB, balloon, display, option
// ROMs), because each costs boot time.
#pragma once

#include <string>
#include <string_view>

#include "guest/spec.hpp"

namespace rundown::guest {

/// The domain XML. `spec` has passed check(); `names` holds one port a NIC.
std::string domain_xml(const GuestSpec& spec, const GuestNames& names);

/// `text` for an XML attribute in single quotes or for element content. Control characters XML
/// cannot hold become '?'.
std::string xml_escape(std::string_view text);

}  // namespace rundown::guest
