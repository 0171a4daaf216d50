// SPDX-License-Identifier: MIT
// nic/e1000/e1000_data.cpp
//
// Frames through the card's two descriptor rings.
#include "e1000.hpp"

namespace e1000
{

nic::PostResult
E1000::transmit(nic::Fragment *fragments, uint32_t count, uint32_t bytes, void *token)
{
    return transmit_ring_.post(fragments + 1, count, token);
}

void
E1000::flush_transmits()
{
    if (running_ && transmit_tail_ != transmit_ring_.tail()) {
        transmit_tail_ = transmit_ring_.tail();
        write(TDT, transmit_tail_);
    }
}

void *
E1000::reap_transmit(bool &sent)
{
    uint8_t status = 0;
    void *token = transmit_ring_.reap(&status);
    sent = (status & (TXD_EC | TXD_LC)) == 0;
    if (token != nullptr) {
        stalled_head_ = TransmitRing::kSlots;
    }
    return token;
}

bool
E1000::stalled()
{
    const uint32_t head = read(TDH);
    if (head == kGone || head == transmit_tail_) {
        stalled_head_ = TransmitRing::kSlots;
        return false;
    }
    const bool stalled = head == stalled_head_;
    stalled_head_ = head;
    return stalled;
}

bool
E1000::post_receive(nic::ReceiveBuffer &buffer)
{
    return receive_ring_.post(buffer.frame_address, &buffer);
}

void
E1000::flush_receives()
{
    if (running_ && receive_tail_ != receive_ring_.tail()) {
        receive_tail_ = receive_ring_.tail();
        write(RDT, receive_tail_);
    }
}

bool
E1000::take_receive(nic::Received &received)
{
    ReceivedFrame frame;
    if (!receive_ring_.take(frame)) {
        return false;
    }
    received.buffer = static_cast<nic::ReceiveBuffer *>(frame.token);
    received.length = frame.length;
    received.good = frame.whole && frame.errors == 0 && frame.length >= nic::kHeaderBytes &&
                    frame.length <= nic::kFrameBytesMax;
    return true;
}

nic::ReceiveBuffer *
E1000::take_back_receive()
{
    return static_cast<nic::ReceiveBuffer *>(receive_ring_.take_back());
}

} // namespace e1000
