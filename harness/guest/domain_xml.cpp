// SPDX-License-Identifier: MIT
#include "guest/domain_xml.hpp"

#include <fmt/format.h>

#include "guest/drive_xml.hpp"

namespace rundown::guest {

namespace {

bool has_hyperv(const GuestSpec& spec) {
    return spec.hyperv && hyperv_left_out(spec).empty();
}

std::string element(std::string_view name, std::string_view text) {
    return fmt::format("<{0}>{1}</{0}>\n", name, xml_escape(text));
}

std::string boot_xml(const GuestSpec& spec, const GuestNames& names) {
    std::string xml = fmt::format(
        "  <os>\n    <type arch='x86_64' machine='{}'>hvm</type>\n", xml_escape(spec.machine)
    );
    if (spec.firmware == Firmware::kernel) {
        xml += "    " + element("kernel", spec.kernel);
        if (!spec.initrd.empty())
            xml += "    " + element("initrd", spec.initrd);
        if (!spec.command_line.empty())
            xml += "    " + element("cmdline", spec.command_line);
    } else {
        xml += firmware_xml(spec, names);
    }
    return xml + "  </os>\n";
}

/// Some editions of Windows use no more than one or two sockets: all processors are in one.
std::string topology_xml(unsigned processors) {
    return processors == 1
               ? std::string()
               : fmt::format(
                     "    <topology sockets='1' dies='1' cores='{}' threads='1'/>\n", processors
                 );
}

std::string cpu_xml(const std::string& cpu, unsigned processors) {
    std::string mode = "mode='custom' match='exact'";
    std::string inside = topology_xml(processors);
    if (cpu == "host")
        mode = "mode='host-passthrough'";
    else if (cpu == "max")
        mode = "mode='maximum'";
    else
        inside = fmt::format("    <model fallback='forbid'>{}</model>\n", xml_escape(cpu)) + inside;
    return inside.empty() ? fmt::format("  <cpu {} check='none'/>\n", mode)
                          : fmt::format("  <cpu {} check='none'>\n{}  </cpu>\n", mode, inside);
}

std::string_view libvirt_model(const NicSpec& nic) {
    if (nic.model != NicModel::virtio_net)
        return to_string(nic.model);
    switch (nic.variant) {
        case VirtioVariant::both:
        case VirtioVariant::legacy:  // A property of its own: see legacy_nics_xml().
            break;
        case VirtioVariant::transitional:
            return "virtio-transitional";
        case VirtioVariant::modern:
            return "virtio-non-transitional";
    }
    return "virtio";
}

/// The PCIe port that a NIC of q35 can be unplugged from; its bus has the port's index.
std::string root_port_xml(std::size_t index) {
    return fmt::format(
        "    <controller type='pci' index='{0}' model='pcie-root-port'>\n"
        "      <target chassis='{0}' port='{1:#x}'/>\n"
        "{2}    </controller>\n",
        index + 1,
        0x10 + index,
        pci_address_xml(static_cast<unsigned>(kFirstNicSlot + index))
    );
}

std::string nic_address_xml(std::size_t index, bool has_port) {
    return has_port ? pci_address_xml(0, static_cast<unsigned>(index + 1))
                    : pci_address_xml(static_cast<unsigned>(kFirstNicSlot + index));
}

/// A NIC whose wire is a TCP connection to the harness. Its slot follows from its index alone, so
/// that the guest finds the same NIC at the same PCI address in every run. No option ROM: it would
/// cost a fifth of the boot.
std::string nic_xml(const GuestSpec& spec, std::size_t index, std::uint16_t port) {
    const NicSpec& nic = spec.nics[index];
    // virtio-net sends from a bottom half of QEMU's main loop, whenever that gets a turn; a timer
    // of the guest's clock is the same in every run. Without ioeventfd a kick is handled where it
    // happens.
    const bool timed = spec.determinism && nic.model == NicModel::virtio_net;
    return fmt::format(
        "    <interface type='client'>\n"
        "      <mac address='{}'/>\n"
        "      <source address='127.0.0.1' port='{}'/>\n"
        "      <model type='{}'/>\n"
        "{}"
        "      <rom enabled='no'/>\n"
        "{}"
        "    </interface>\n",
        xml_escape(nic.mac),
        port,
        libvirt_model(nic),
        timed ? "      <driver name='qemu' txmode='timer' ioeventfd='off'/>\n" : "",
        nic_address_xml(index, behind_root_port(spec, nic))
    );
}

std::string socket_serial_xml(const std::string& socket, unsigned port) {
    return fmt::format(
        "    <serial type='unix'>\n"
        "      <source mode='connect' path='{}'/>\n"
        "      <target type='isa-serial' port='{}'/>\n"
        "    </serial>\n",
        xml_escape(socket),
        port
    );
}

/// COM1, COM2 where there is one, and the port of DbgPrint.
std::string serial_xml(const GuestSpec& spec, const GuestNames& names) {
    const bool second = spec.second_serial == SecondSerial::stream;
    return socket_serial_xml(names.serial_socket, 0) +
           (second ? socket_serial_xml(names.second_serial_socket, 1) : "") +
           fmt::format(
               "    <serial type='file'>\n"
               "      <source path='{}'/>\n"
               "      <target type='isa-debug' port='{}'>\n"
               "        <model name='isa-debugcon'/>\n"
               "      </target>\n"
               "      <address type='isa' iobase='{:#x}'/>\n"
               "    </serial>\n",
               xml_escape(names.debug_console),
               second ? 2 : 1,
               kDebugConsolePort
           );
}

std::string trace_window_xml(const GuestSpec& spec, const GuestNames& names) {
    if (spec.trace_window_mib == 0)
        return {};
    return fmt::format(
        "    <shmem name='{}'{}>\n"
        "      <model type='ivshmem-plain'/>\n"
        "      <size unit='M'>{}</size>\n"
        "{}"
        "    </shmem>\n",
        xml_escape(names.trace_window),
        // QEMU saves the memory of a window that it is the master of, and refuses to save the
        // machine when it is not.
        spec.snapshots ? " role='master'" : "",
        spec.trace_window_mib,
        pci_address_xml(kTraceWindowSlot)
    );
}

std::string display_xml(Display display) {
    if (display == Display::none)
        return {};
    return "    <video>\n"
           "      <model type='vga' vram='16384' heads='1' primary='yes'/>\n" +
           pci_address_xml(kDisplaySlot) + "    </video>\n";
}

std::string devices_xml(const GuestSpec& spec, const GuestNames& names) {
    std::string xml = "  <devices>\n    " + element("emulator", names.emulator);
    xml += "    <controller type='usb' model='none'/>\n";
    xml += fmt::format(
        "    <controller type='pci' index='0' model='{}'/>\n",
        is_q35(spec.machine) ? "pcie-root" : "pci-root"
    );
    for (std::size_t index = 0; index < spec.nics.size(); ++index)
        if (behind_root_port(spec, spec.nics[index]))
            xml += root_port_xml(index);
    xml += drives_xml(spec);
    for (std::size_t index = 0; index < spec.nics.size(); ++index)
        xml += nic_xml(spec, index, names.nic_ports.at(index));
    xml += serial_xml(spec, names);
    xml += display_xml(spec.display);
    xml += trace_window_xml(spec, names);
    xml += "    <memballoon model='none'/>\n";
    xml += "    <panic model='isa'/>\n";
    if (has_hyperv(spec))
        xml += "    <panic model='hyperv'/>\n";
    return xml + "  </devices>\n";
}

/// What keeps chance out of a deterministic guest. Frames from the host wait in a filter until a
/// timer of the guest's clock lets them on to the NIC: when QEMU read them from its socket does not
/// matter then.
std::vector<std::string> determinism_arguments(const GuestSpec& spec, const GuestNames& names) {
    std::vector<std::string> arguments = {
        "-seed",
        std::to_string(spec.determinism->seed),
        "-smbios",
        fmt::format("type=1,uuid=72640000-0000-4000-8000-0000{:08x}", spec.determinism->seed),
        "-gdb",
        fmt::format("unix:{},server=on,wait=off", names.gdb_socket),
    };
    for (std::size_t index = 0; index < spec.nics.size(); ++index) {
        arguments.push_back("-object");
        arguments.push_back(fmt::format(
            "filter-buffer,id=intake{0},netdev=hostnet{0},queue=tx,interval={1}",
            index,
            spec.determinism->frame_interval_us
        ));
    }
    return arguments;
}

std::vector<std::string> all_arguments(const GuestSpec& spec, const GuestNames& names) {
    std::vector<std::string> arguments;
    if (spec.icount) {
        arguments.push_back("-icount");
        arguments.push_back(
            fmt::format("shift={},sleep={}", spec.icount->shift, spec.icount->sleep ? "on" : "off")
        );
    }
    if (spec.determinism) {
        const auto more = determinism_arguments(spec, names);
        arguments.insert(arguments.end(), more.begin(), more.end());
    }
    if (!spec.resume_from.empty()) {
        arguments.push_back("-incoming");
        arguments.push_back("defer");  // Until it is handed the state: see snapshot_io.hpp.
    }
    arguments.insert(arguments.end(), spec.qemu_arguments.begin(), spec.qemu_arguments.end());
    return arguments;
}

/// libvirt has no model for a virtio device without modern registers.
std::string legacy_nics_xml(const std::vector<NicSpec>& nics) {
    std::string xml;
    for (std::size_t index = 0; index < nics.size(); ++index)
        if (nics[index].variant == VirtioVariant::legacy)
            xml += fmt::format(
                "    <qemu:device alias='net{}'>\n"
                "      <qemu:frontend>\n"
                "        <qemu:property name='disable-modern' type='bool' value='true'/>\n"
                "      </qemu:frontend>\n"
                "    </qemu:device>\n",
                index
            );
    return xml.empty() ? xml : "  <qemu:override>\n" + xml + "  </qemu:override>\n";
}

/// What has no element of its own. Without the capability below, libvirt reads about 300 CPU
/// properties over QMP one by one at each start, to learn what a CPU with check='none' need not
/// tell: 0.6 s of a start that takes 0.15 s without.
std::string qemu_xml(const GuestSpec& spec, const GuestNames& names) {
    std::string xml;
    const auto arguments = all_arguments(spec, names);
    for (const std::string& value : arguments)
        xml += fmt::format("    <qemu:arg value='{}'/>\n", xml_escape(value));
    if (!xml.empty())
        xml = "  <qemu:commandline>\n" + xml + "  </qemu:commandline>\n";
    return xml +
           "  <qemu:capabilities>\n"
           "    <qemu:del capability='cpu-unavailable-features'/>\n"
           "  </qemu:capabilities>\n" +
           legacy_nics_xml(spec.nics);
}

/// The guest's clock: of a deterministic guest it begins on a fixed day and goes on with the guest.
std::string clock_xml(const GuestSpec& spec) {
    if (spec.determinism)
        return "  <clock offset='absolute' start='1767225600'>\n"
               "    <timer name='rtc' track='guest'/>\n"
               "  </clock>\n";
    if (spec.clock == GuestClock::utc)
        return "  <clock offset='utc'/>\n";
    return std::string(
               "  <clock offset='localtime'>\n"
               "    <timer name='rtc' tickpolicy='catchup'/>\n"
               "    <timer name='pit' tickpolicy='delay'/>\n"
               "    <timer name='hpet' present='no'/>\n"
           ) +
           (has_hyperv(spec) ? "    <timer name='hypervclock' present='yes'/>\n" : "") +
           "  </clock>\n";
}

std::string features_xml(const GuestSpec& spec) {
    std::string xml = "  <features>\n    <acpi/>\n";
    if (spec.firmware != Firmware::kernel)
        xml += "    <apic/>\n";
    if (has_hyperv(spec))
        xml +=
            "    <hyperv mode='custom'>\n"
            "      <relaxed state='on'/>\n"
            "      <vapic state='on'/>\n"
            "      <spinlocks state='on' retries='8191'/>\n"
            "    </hyperv>\n";
    if (spec.vmcoreinfo)
        xml += "    <vmcoreinfo state='on'/>\n";
    return xml + "  </features>\n";
}

}  // namespace

std::string xml_escape(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '\'':
                escaped += "&apos;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\t':
            case '\n':
            case '\r':
                escaped += fmt::format("&#{};", static_cast<int>(c));
                break;
            default:
                escaped += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
    }
    return escaped;
}

std::string domain_xml(const GuestSpec& spec, const GuestNames& names) {
    std::string xml = fmt::format(
        "<domain type='{}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n",
        spec.accelerator == Accelerator::kvm ? "kvm" : "qemu"
    );
    xml += "  " + element("name", names.domain);
    xml += "  " + element("uuid", names.uuid);
    xml += fmt::format("  <memory unit='MiB'>{}</memory>\n", spec.memory_mib);
    // The reference guest has one: it multiplexes its logical processors on it, and replay needs
    // it.
    xml += fmt::format("  <vcpu placement='static'>{}</vcpu>\n", spec.processors);
    xml += fw_cfg_xml(spec.fw_cfg);
    xml += boot_xml(spec, names);
    xml += features_xml(spec);
    xml += cpu_xml(spec.cpu, spec.processors);
    xml += clock_xml(spec);
    xml += "  <on_poweroff>destroy</on_poweroff>\n";
    xml += fmt::format("  <on_reboot>{}</on_reboot>\n", spec.reboots ? "restart" : "destroy");
    xml += "  <on_crash>preserve</on_crash>\n";  // After a panic the guest stays, paused, to be
                                                 // examined.
    xml += devices_xml(spec, names);
    xml += qemu_xml(spec, names);
    return xml + "</domain>\n";
}

}  // namespace rundown::guest
