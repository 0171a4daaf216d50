// SPDX-License-Identifier: MIT
#include "guest/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace rundown::guest {

namespace {

Error usage(std::string sentence) {
    return fail(ErrorKind::usage, std::move(sentence));
}

/// What the reference guest maps; a PC's own limit is elsewhere.
constexpr unsigned kKernelMemoryMaxMib = 3072;
constexpr unsigned kMemoryMaxMib = 65536;

bool is_hex_pair(std::string_view text) {
    return text.size() == 2 && std::isxdigit(static_cast<unsigned char>(text[0])) &&
           std::isxdigit(static_cast<unsigned char>(text[1]));
}

/// What a deterministic guest cannot do without.
result<void> check_determinism(const GuestSpec& spec) {
    if (spec.accelerator != Accelerator::tcg)
        return usage("a deterministic run counts instructions, which needs the accelerator tcg");
    if (!spec.icount || spec.icount->sleep)
        return usage("a deterministic guest needs icount without sleep");
    if (spec.trace_window_mib == 0)
        return usage("a deterministic guest needs a trace window: host and guest meet in it");
    if (spec.determinism->frame_interval_us == 0)
        return usage("frames reach a deterministic guest at intervals of at least 1 us");
    return {};
}

result<void> check_snapshots(const GuestSpec& spec) {
    if (spec.resume_from.empty() && !spec.snapshots)
        return {};
    if (!spec.resume_from.empty() && spec.resume_from.front() != '/')
        return usage(fmt::format("the snapshot \"{}\" is not an absolute path", spec.resume_from));
    if (!spec.resume_from.empty() && !spec.snapshots)
        return usage("a guest that resumes from a snapshot needs `snapshots`, as it had then");
    if (spec.determinism)
        return usage("a deterministic guest cannot be saved: QEMU's gdb stub has a part in it");
    if (spec.accelerator == Accelerator::kvm && spec.cpu == "host")
        return usage("a guest with the CPU model \"host\" cannot be saved: name a model");
    return {};
}

/// Six hex pairs, unicast: libvirt refuses multicast addresses, and so does every NIC.
bool is_unicast_mac(std::string_view mac) {
    if (mac.size() != 17)
        return false;
    for (std::size_t pair = 0; pair < 6; ++pair) {
        if (!is_hex_pair(mac.substr(pair * 3, 2)) || (pair < 5 && mac[pair * 3 + 2] != ':'))
            return false;
    }
    return (std::stoi(std::string(mac.substr(0, 2)), nullptr, 16) & 1) == 0;
}

bool is_absolute(std::string_view path) {
    return !path.empty() && path.front() == '/';
}

result<void> check_nics(const std::vector<NicSpec>& nics) {
    if (nics.size() > kNicsMax)
        return usage(fmt::format("a guest can have at most {} NICs, not {}", kNicsMax, nics.size())
        );
    std::set<std::string> macs;
    for (std::size_t index = 0; index < nics.size(); ++index) {
        const NicSpec& nic = nics[index];
        if (nic.model == NicModel::invalid)
            return usage(fmt::format(
                "NIC {} has no model: choose e1000, e1000e, rtl8139 or virtio-net", index
            ));
        if (nic.model != NicModel::virtio_net && nic.variant != VirtioVariant::both)
            return usage(fmt::format("NIC {} is no virtio device and has no virtio variant", index)
            );
        if (!is_unicast_mac(nic.mac))
            return usage(fmt::format("NIC {}: \"{}\" is not a unicast MAC address", index, nic.mac)
            );
        std::string lower = nic.mac;
        std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
            return std::tolower(c);
        });
        if (!macs.insert(lower).second)
            return usage(fmt::format("NIC {}: MAC address {} is used twice", index, nic.mac));
    }
    return {};
}

}  // namespace

std::string_view to_string(Accelerator accelerator) {
    switch (accelerator) {
        case Accelerator::invalid:
            break;
        case Accelerator::kvm:
            return "kvm";
        case Accelerator::tcg:
            return "tcg";
    }
    return "invalid";
}

std::string_view to_string(NicModel model) {
    switch (model) {
        case NicModel::invalid:
            break;
        case NicModel::e1000:
            return "e1000";
        case NicModel::virtio_net:
            return "virtio-net";
        case NicModel::e1000e:
            return "e1000e";
        case NicModel::rtl8139:
            return "rtl8139";
    }
    return "invalid";
}

NicModel nic_model_from(std::string_view text) {
    for (NicModel model :
         {NicModel::e1000, NicModel::virtio_net, NicModel::e1000e, NicModel::rtl8139}) {
        if (text == to_string(model))
            return model;
    }
    return NicModel::invalid;
}

NicSpec nic_from(std::string_view name) {
    if (name == "virtio-net-modern")
        return {NicModel::virtio_net, {}, VirtioVariant::modern};
    if (name == "virtio-net-transitional")
        return {NicModel::virtio_net, {}, VirtioVariant::transitional};
    if (name == "virtio-net-legacy")
        return {NicModel::virtio_net, {}, VirtioVariant::legacy};
    return {nic_model_from(name), {}, VirtioVariant::both};
}

std::string nic_mac(std::size_t index) {
    return fmt::format("52:54:00:72:64:{:02x}", (index + 1) & 0xFF);
}

bool is_q35(std::string_view machine) {
    return machine.find("q35") != std::string_view::npos;
}

bool behind_root_port(const GuestSpec& spec, const NicSpec& nic) {
    const bool has_legacy_registers =
        nic.variant == VirtioVariant::transitional || nic.variant == VirtioVariant::legacy;
    return is_q35(spec.machine) && ((nic.model == NicModel::virtio_net && !has_legacy_registers) ||
                                    nic.model == NicModel::e1000e);
}

std::string hyperv_left_out(const GuestSpec& spec) {
    if (!spec.hyperv || spec.accelerator == Accelerator::kvm)
        return {};
    return "TCG has no Hyper-V interface: STOP codes come from the guest's own evidence, not from "
           "the crash registers";
}

result<void> check(const GuestSpec& spec) {
    RUNDOWN_TRY(check_devices(spec));
    if (!is_absolute(spec.directory))
        return usage(fmt::format("the run directory \"{}\" is not an absolute path", spec.directory)
        );
    if (spec.accelerator == Accelerator::invalid)
        return fail(ErrorKind::internal, "a guest was started before its accelerator was chosen");
    const unsigned memory_max =
        spec.firmware == Firmware::kernel ? kKernelMemoryMaxMib : kMemoryMaxMib;
    if (spec.memory_mib < 16 || spec.memory_mib > memory_max)
        return usage(fmt::format(
            "a guest can have 16 to {} MiB of memory, not {}", memory_max, spec.memory_mib
        ));
    if (spec.processors == 0 || spec.processors > kProcessorsMax)
        return usage(fmt::format(
            "a guest can have 1 to {} processors, not {}", kProcessorsMax, spec.processors
        ));
    if (spec.trace_window_mib > 256 || (spec.trace_window_mib & (spec.trace_window_mib - 1)) != 0)
        return usage(fmt::format(
            "the trace window must be a power of two of at most 256 MiB, not {}",
            spec.trace_window_mib
        ));
    if (spec.determinism)
        RUNDOWN_TRY(check_determinism(spec));
    if (spec.icount && spec.accelerator != Accelerator::tcg)
        return usage("counting instructions (icount) needs the accelerator tcg");
    if (spec.icount && spec.icount->shift > 10)
        return usage(fmt::format("icount's shift must be 0 to 10, not {}", spec.icount->shift));
    if (spec.icount && spec.processors != 1)
        return usage("counting instructions (icount) needs a single processor");
    if (spec.cpu == "host" && spec.accelerator != Accelerator::kvm)
        return usage("the CPU model \"host\" needs the accelerator kvm");
    if (spec.cpu.empty() || spec.machine.empty())
        return usage("a guest needs a machine type and a CPU model");
    RUNDOWN_TRY(check_snapshots(spec));
    return check_nics(spec.nics);
}

}  // namespace rundown::guest
