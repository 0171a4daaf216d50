// SPDX-License-Identifier: MIT
#include "guest/domain_xml.hpp"

#include <fmt/format.h>

namespace rundown::guest {

namespace {

std::string element(std::string_view name, std::string_view text) {
    return fmt::format("<{0}>{1}</{0}>\n", name, xml_escape(text));
}

std::string boot_xml(const GuestSpec& spec) {
    std::string xml = fmt::format(
        "  <os>\n    <type arch='x86_64' machine='{}'>hvm</type>\n", xml_escape(spec.machine)
    );
    xml += "    " + element("kernel", spec.kernel);
    if (!spec.initrd.empty())
        xml += "    " + element("initrd", spec.initrd);
    if (!spec.command_line.empty())
        xml += "    " + element("cmdline", spec.command_line);
    return xml + "  </os>\n";
}

std::string cpu_xml(const std::string& cpu) {
    if (cpu == "host")
        return "  <cpu mode='host-passthrough' check='none'/>\n";
    if (cpu == "max")
        return "  <cpu mode='maximum' check='none'/>\n";
    return fmt::format(
        "  <cpu mode='custom' match='exact' check='none'>\n    <model "
        "fallback='forbid'>{}</model>\n  </cpu>\n",
        xml_escape(cpu)
    );
}

std::string_view libvirt_model(const NicSpec& nic) {
    if (nic.model == NicModel::e1000)
        return "e1000";
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

/// A NIC whose wire is a TCP connection to the harness. Its slot follows from its index alone, so
/// that the guest finds the same NIC at the same PCI address in every run. No option ROM: it would
/// cost a fifth of the boot.
std::string nic_xml(const NicSpec& nic, std::size_t index, std::uint16_t port, bool deterministic) {
    // virtio-net sends from a bottom half of QEMU's main loop, whenever that gets a turn; a timer
    // of the guest's clock is the same in every run. Without ioeventfd a kick is handled where it
    // happens.
    const bool timed = deterministic && nic.model == NicModel::virtio_net;
    return fmt::format(
        "    <interface type='client'>\n"
        "      <mac address='{}'/>\n"
        "      <source address='127.0.0.1' port='{}'/>\n"
        "      <model type='{}'/>\n"
        "{}"
        "      <rom enabled='no'/>\n"
        "      <address type='pci' domain='0x0000' bus='0x00' slot='{:#04x}' function='0x0'/>\n"
        "    </interface>\n",
        xml_escape(nic.mac),
        port,
        libvirt_model(nic),
        timed ? "      <driver name='qemu' txmode='timer' ioeventfd='off'/>\n" : "",
        kFirstNicSlot + index
    );
}

std::string serial_xml(const GuestNames& names) {
    return fmt::format(
        "    <serial type='unix'>\n"
        "      <source mode='connect' path='{}'/>\n"
        "      <target type='isa-serial' port='0'/>\n"
        "    </serial>\n"
        "    <serial type='file'>\n"
        "      <source path='{}'/>\n"
        "      <target type='isa-debug' port='1'>\n"
        "        <model name='isa-debugcon'/>\n"
        "      </target>\n"
        "      <address type='isa' iobase='{:#x}'/>\n"
        "    </serial>\n",
        xml_escape(names.serial_socket),
        xml_escape(names.debug_console),
        kDebugConsolePort
    );
}

std::string trace_window_xml(const GuestSpec& spec, const GuestNames& names) {
    if (spec.trace_window_mib == 0)
        return {};
    return fmt::format(
        "    <shmem name='{}'>\n"
        "      <model type='ivshmem-plain'/>\n"
        "      <size unit='M'>{}</size>\n"
        "      <address type='pci' domain='0x0000' bus='0x00' slot='{:#04x}' function='0x0'/>\n"
        "    </shmem>\n",
        xml_escape(names.trace_window),
        spec.trace_window_mib,
        kTraceWindowSlot
    );
}

std::string devices_xml(const GuestSpec& spec, const GuestNames& names) {
    std::string xml = "  <devices>\n    " + element("emulator", names.emulator);
    xml += "    <controller type='usb' model='none'/>\n";
    xml += "    <controller type='pci' index='0' model='pci-root'/>\n";
    for (std::size_t index = 0; index < spec.nics.size(); ++index)
        xml += nic_xml(
            spec.nics[index], index, names.nic_ports.at(index), spec.determinism.has_value()
        );
    xml += serial_xml(names);
    xml += trace_window_xml(spec, names);
    xml += "    <memballoon model='none'/>\n";
    xml += "    <panic model='isa'/>\n";
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
std::string clock_xml(bool deterministic) {
    return deterministic ? "  <clock offset='absolute' start='1767225600'>\n"
                           "    <timer name='rtc' track='guest'/>\n"
                           "  </clock>\n"
                         : "  <clock offset='utc'/>\n";
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
    // One processor: the reference guest multiplexes its logical processors on it, and replay needs
    // it.
    xml += "  <vcpu placement='static'>1</vcpu>\n";
    xml += boot_xml(spec);
    xml += "  <features>\n    <acpi/>\n  </features>\n";
    xml += cpu_xml(spec.cpu);
    xml += clock_xml(spec.determinism.has_value());
    xml += "  <on_poweroff>destroy</on_poweroff>\n";
    xml += fmt::format("  <on_reboot>{}</on_reboot>\n", spec.reboots ? "restart" : "destroy");
    xml += "  <on_crash>preserve</on_crash>\n";  // After a panic the guest stays, paused, to be
                                                 // examined.
    xml += devices_xml(spec, names);
    xml += qemu_xml(spec, names);
    return xml + "</domain>\n";
}

}  // namespace rundown::guest
