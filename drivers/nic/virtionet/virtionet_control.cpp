// SPDX-License-Identifier: MIT
// nic/virtionet/virtionet_control.cpp
//
// The receive filter over the control queue (virtio 1.1, 5.1.6.5). The commands of one filter are
// queued together and answered in the device's own time; a filter that comes meanwhile is sent when
// the last answer is there.
#include "virtionet.hpp"

namespace virtio
{

void
VirtioNet::send_filter(const nic::FrameFilter &filter)
{
    auto *commands = static_cast<ControlCommand *>(commands_.data);
    const uint32_t count = filter_commands(filter, permanent_address_, features_, commands);
    command_failed_ = false;
    for (uint32_t i = 0; i < count; ++i) {
        const uint64_t at = commands_.address + i * sizeof(ControlCommand);
        const nic::Fragment request[] = {
            {at + offsetof(ControlCommand, command_class), 2},
            {at + offsetof(ControlCommand, data), commands[i].data_bytes}};
        const nic::Fragment answer{at + offsetof(ControlCommand, acknowledgement), 1};
        const nic::PostResult result =
            queues_[control_queue].post(request, 2, &answer, 1, &commands[i]);
        if (result == nic::PostResult::posted) {
            ++commands_out_;
        } else {
            command_failed_ = true;
        }
    }
    flush(control_queue);
}

bool
VirtioNet::apply_filter(const nic::FrameFilter &filter)
{
    if (!has_control()) {
        return true; // The device gives us everything; the miniport filters.
    }
    if (commands_out_ != 0) {
        next_filter_ = filter;
        filter_again_ = true;
        return false;
    }
    send_filter(filter);
    return commands_out_ == 0;
}

bool
VirtioNet::filter_settled(bool &accepted)
{
    SplitQueue::Used used;
    while (sizes_[control_queue] != 0 && queues_[control_queue].take(used)) {
        const auto *command = static_cast<const ControlCommand *>(used.token);
        command_failed_ |= nic::device_load(command->acknowledgement) != CTRL_ACK_OK;
        --commands_out_;
    }
    if (commands_out_ == 0 && filter_again_) {
        filter_again_ = false;
        send_filter(next_filter_);
    }
    accepted = !command_failed_;
    return commands_out_ == 0;
}

} // namespace virtio
