// SPDX-License-Identifier: MIT
// nic/virtionet/virtionet_data.cpp
//
// Frames through the receive and transmit queues (virtio 1.1, 5.1.6).
#include "virtionet.hpp"

namespace virtio
{

void
VirtioNet::flush(Queue queue)
{
    if (running_ && queues_[queue].commit() && !gone_) {
        transport_->notify(queue);
    }
}

nic::PostResult
VirtioNet::transmit(nic::Fragment *fragments, uint32_t count, uint32_t bytes, void *token)
{
    // No offloads: every header is the same zeros, in a descriptor of its own as devices without
    // ANY_LAYOUT want it.
    fragments[0] = {zeros_.address, header_bytes(features_)};
    uint32_t used = 1;
    for (uint32_t i = 1; i <= count; ++i) {
        if (fragments[i].length != 0) {
            fragments[used++] = fragments[i];
        }
    }
    if (bytes < nic::kFrameBytesMin) {
        fragments[used++] = {zeros_.address, nic::kFrameBytesMin - bytes};
    }
    return queues_[transmit_queue].post(fragments, used, nullptr, 0, token);
}

void
VirtioNet::flush_transmits()
{
    flush(transmit_queue);
}

void *
VirtioNet::reap_transmit(bool &sent)
{
    sent = true; // The device reports no failures.
    SplitQueue::Used used;
    return queues_[transmit_queue].take(used) ? used.token : nullptr;
}

bool
VirtioNet::post_receive(nic::ReceiveBuffer &buffer)
{
    const uint32_t header = header_bytes(features_);
    if (any_layout(features_)) {
        const nic::Fragment whole{buffer.frame_address - header, header + nic::kReceiveBytes};
        return queues_[receive_queue].post(nullptr, 0, &whole, 1, &buffer) ==
               nic::PostResult::posted;
    }
    const nic::Fragment parts[] = {
        {buffer.frame_address - header, header}, {buffer.frame_address, nic::kReceiveBytes}};
    return queues_[receive_queue].post(nullptr, 0, parts, 2, &buffer) == nic::PostResult::posted;
}

void
VirtioNet::flush_receives()
{
    flush(receive_queue);
}

bool
VirtioNet::take_receive(nic::Received &received)
{
    SplitQueue::Used used;
    if (!queues_[receive_queue].take(used)) {
        return false;
    }
    const uint32_t header = header_bytes(features_);
    received.buffer = static_cast<nic::ReceiveBuffer *>(used.token);
    received.length = used.written > header ? used.written - header : 0;
    received.good = received.length >= nic::kHeaderBytes && received.length <= nic::kFrameBytesMax;
    return true;
}

nic::ReceiveBuffer *
VirtioNet::take_back_receive()
{
    return static_cast<nic::ReceiveBuffer *>(queues_[receive_queue].take_back());
}

} // namespace virtio
