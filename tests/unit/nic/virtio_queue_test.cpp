// SPDX-License-Identifier: MIT
// The split virtqueue of virtionet.sys, with a device side written from the specification on the
// same memory.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "nic/virtionet/split_queue.hpp"

namespace {

using nic::Fragment;
using nic::PostResult;
using virtio::QueueLayout;
using virtio::SplitQueue;

void* token(uintptr_t number) {
    return reinterpret_cast<void*>(number);
}

/// Driver and device over one block of memory.
class Pair {
  public:
    explicit Pair(uint32_t size, bool event_index = false)
        : memory_(QueueLayout::of(size).bytes, 0xcc),
          queue_(std::make_unique<SplitQueue>()),
          layout_(QueueLayout::of(size)),
          size_(size) {
        queue_->reset(memory_.data(), size, event_index);
    }

    SplitQueue& queue() { return *queue_; }
    uint16_t& available(uint32_t index) { return at<uint16_t>(layout_.available)[index]; }
    uint16_t& used(uint32_t index) { return at<uint16_t>(layout_.used)[index]; }

    bool device_has_work() { return seen_ != available(1); }

    /// Heads and lengths of the next chain the driver made available.
    std::vector<virtio::Descriptor> device_take(uint16_t& head) {
        std::vector<virtio::Descriptor> chain;
        EXPECT_TRUE(device_has_work());
        head = available(2 + (seen_++ % size_));
        for (uint16_t index = head;;) {
            chain.push_back(at<virtio::Descriptor>(0)[index]);
            if ((chain.back().flags & virtio::DESC_F_NEXT) == 0) {
                return chain;
            }
            EXPECT_LT(chain.size(), size_) << "a loop";
            index = chain.back().next;
        }
    }

    void device_use(uint32_t head, uint32_t written) {
        auto* ring = reinterpret_cast<virtio::UsedElement*>(&used(2));
        ring[used(1) % size_] = {head, written};
        ++used(1);
    }

  private:
    template <typename T>
    T* at(uint32_t offset) {
        return reinterpret_cast<T*>(memory_.data() + offset);
    }

    std::vector<uint8_t> memory_;
    std::unique_ptr<SplitQueue> queue_;
    QueueLayout layout_;
    uint32_t size_;
    uint16_t seen_ = 0;
};

TEST(VirtioQueueLayout, IsThatOfTheLegacyInterface) {
    const QueueLayout layout = QueueLayout::of(256);
    EXPECT_EQ(layout.available, 4096u);
    EXPECT_EQ(layout.used, 8192u);
    EXPECT_EQ(layout.bytes, 12288u);
    EXPECT_EQ(QueueLayout::of(64).used, 4096u);
}

TEST(VirtioQueue, ChainsReadableThenWritableFragments) {
    Pair pair(8);
    const Fragment read[] = {{0x1000, 2}, {0x2000, 10}};
    const Fragment write{0x3000, 1};
    ASSERT_EQ(pair.queue().post(read, 2, &write, 1, token(5)), PostResult::posted);
    EXPECT_FALSE(pair.device_has_work()) << "not shown before commit";
    EXPECT_TRUE(pair.queue().commit());
    EXPECT_FALSE(pair.queue().commit()) << "nothing new";
    uint16_t head = 0;
    const auto chain = pair.device_take(head);
    ASSERT_EQ(chain.size(), 3u);
    EXPECT_EQ(chain[1].address, 0x2000u);
    EXPECT_EQ(chain[1].flags & virtio::DESC_F_WRITE, 0);
    EXPECT_EQ(chain[2].flags, virtio::DESC_F_WRITE);
    pair.device_use(head, 1);
    SplitQueue::Used used{};
    ASSERT_TRUE(pair.queue().take(used));
    EXPECT_EQ(used.token, token(5));
    EXPECT_EQ(used.written, 1u);
    EXPECT_EQ(pair.queue().room(), 8u);
}

TEST(VirtioQueue, FullAndImpossibleAreDifferent) {
    Pair pair(4);
    const Fragment fragments[5] = {{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}};
    EXPECT_EQ(pair.queue().post(fragments, 5, nullptr, 0, token(1)), PostResult::refused);
    EXPECT_EQ(pair.queue().post(fragments, 0, nullptr, 0, token(1)), PostResult::refused);
    ASSERT_EQ(pair.queue().post(fragments, 3, nullptr, 0, token(1)), PostResult::posted);
    EXPECT_EQ(pair.queue().post(fragments, 2, nullptr, 0, token(2)), PostResult::full);
    EXPECT_EQ(pair.queue().post(fragments, 1, nullptr, 0, token(2)), PostResult::posted);
}

TEST(VirtioQueue, NotificationAndInterruptSuppressionByFlags) {
    Pair pair(8);
    const Fragment fragment{0x1000, 1};
    pair.used(0) = virtio::USED_F_NO_NOTIFY;
    ASSERT_EQ(pair.queue().post(&fragment, 1, nullptr, 0, token(1)), PostResult::posted);
    EXPECT_FALSE(pair.queue().commit());
    EXPECT_TRUE(pair.device_has_work()) << "visible all the same";
    pair.queue().disable_interrupts();
    EXPECT_EQ(pair.available(0), virtio::AVAIL_F_NO_INTERRUPT);
    uint16_t head = 0;
    pair.device_take(head);
    pair.device_use(head, 0);
    EXPECT_FALSE(pair.queue().enable_interrupts()) << "used while interrupts were off: look again";
    SplitQueue::Used used{};
    ASSERT_TRUE(pair.queue().take(used));
    EXPECT_TRUE(pair.queue().enable_interrupts());
    EXPECT_EQ(pair.available(0), 0);
}

TEST(VirtioQueue, EventIndexSaysWhenToNotify) {
    Pair pair(8, true);
    const Fragment fragment{0x1000, 1};
    const auto post = [&] {
        ASSERT_EQ(pair.queue().post(&fragment, 1, nullptr, 0, token(1)), PostResult::posted);
    };
    pair.used(2 + 4 * 8) =
        1;  // avail_event: wake me when the index passes 1, that is at the second.
    post();
    EXPECT_FALSE(pair.queue().commit());
    post();
    EXPECT_TRUE(pair.queue().commit());
    post();
    EXPECT_FALSE(pair.queue().commit());
}

TEST(VirtioQueue, NeedEventWrapsAround) {
    EXPECT_TRUE(virtio::need_event(0xffff, 0, 0xffff));
    EXPECT_FALSE(virtio::need_event(0, 0, 0xffff));
    EXPECT_TRUE(virtio::need_event(5, 10, 0));
    EXPECT_FALSE(virtio::need_event(10, 10, 0));
}

TEST(VirtioQueue, ChainTheDeviceWasNeverGivenBreaksTheQueue) {
    for (uint32_t id : {3u, 9u, 0x80000000u}) {
        Pair pair(8);
        const Fragment fragment{0x1000, 1};
        ASSERT_EQ(pair.queue().post(&fragment, 1, nullptr, 0, token(1)), PostResult::posted);
        pair.queue().commit();
        pair.device_use(id, 0);
        SplitQueue::Used used{};
        EXPECT_FALSE(pair.queue().take(used));
        EXPECT_TRUE(pair.queue().broken());
        EXPECT_EQ(pair.queue().take_back(), token(1)) << "what was posted is not lost";
    }
}

TEST(VirtioQueue, OutOfOrderUseKeepsTheBooksOverManyWraps) {
    Pair pair(16);
    std::mt19937 random(41);
    std::map<uint16_t, uintptr_t> held;  // At the device: head to token.
    uintptr_t next = 1, returned = 0;
    uint32_t descriptors = 0;
    std::map<uintptr_t, uint32_t> sizes;
    for (int step = 0; step < 200000; ++step) {
        const uint32_t count = 1 + random() % 4;
        const Fragment fragments[4] = {{1, 1}, {2, 1}, {3, 1}, {4, 1}};
        if (pair.queue().post(fragments, count, nullptr, 0, token(next)) == PostResult::posted) {
            sizes[next++] = count;
            descriptors += count;
        }
        pair.queue().commit();
        while (pair.device_has_work()) {
            uint16_t head = 0;
            const auto chain = pair.device_take(head);
            ASSERT_FALSE(held.contains(head));
            held[head] = chain.size();
        }
        if (!held.empty() && random() % 3 != 0) {
            auto it = held.begin();
            std::advance(it, random() % held.size());
            pair.device_use(it->first, 0);
            held.erase(it);
        }
        SplitQueue::Used used{};
        while (pair.queue().take(used)) {
            ++returned;
            const auto it = sizes.find(reinterpret_cast<uintptr_t>(used.token));
            ASSERT_NE(it, sizes.end()) << "returned twice";
            descriptors -= it->second;
            sizes.erase(it);
        }
        ASSERT_EQ(pair.queue().outstanding(), descriptors);
    }
    EXPECT_GT(returned, 70000u) << "the 16-bit indices wrapped";
    while (void* left = pair.queue().take_back()) {
        ASSERT_EQ(sizes.erase(reinterpret_cast<uintptr_t>(left)), 1u);
    }
    EXPECT_TRUE(sizes.empty());
    EXPECT_EQ(pair.queue().room(), 16u);
}

}  // namespace
