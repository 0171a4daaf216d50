// SPDX-License-Identifier: MIT
// tests/unit/ndislib/buffer_chain_test.cpp: copying between chains of buffers.
#include "guest-images/reference/ndis/lib/buffer_chain.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <numeric>
#include <random>
#include <vector>

namespace {

struct Buffer {
    std::vector<unsigned char> bytes;
    Buffer* next = nullptr;
    bool mapped = true;
};

struct Pieces {
    using Piece = Buffer*;
    static Buffer* next(Buffer* buffer) { return buffer->next; }
    static size_t length(Buffer* buffer) { return buffer->bytes.size(); }
    static unsigned char* data(Buffer* buffer) {
        return buffer->mapped ? buffer->bytes.data() : nullptr;
    }
};

class Chain {
  public:
    explicit Chain(const std::vector<size_t>& sizes) {
        for (const size_t size : sizes) {
            buffers_.push_back({std::vector<unsigned char>(size), nullptr});
            if (buffers_.size() > 1) {
                buffers_[buffers_.size() - 2].next = &buffers_.back();
            }
        }
    }
    Buffer* head() { return buffers_.empty() ? nullptr : &buffers_.front(); }
    Buffer& operator[](size_t index) { return buffers_[index]; }
    std::vector<unsigned char> flat() const {
        std::vector<unsigned char> all;
        for (const Buffer& buffer : buffers_) {
            all.insert(all.end(), buffer.bytes.begin(), buffer.bytes.end());
        }
        return all;
    }
    void number() {
        unsigned char value = 1;
        for (Buffer& buffer : buffers_) {
            for (unsigned char& byte : buffer.bytes) {
                byte = value++;
            }
        }
    }

  private:
    std::deque<Buffer> buffers_;
};

size_t copy(Chain& to, size_t to_offset, Chain& from, size_t from_offset, size_t bytes) {
    return ndis::copy_chain(Pieces{}, to.head(), to_offset, from.head(), from_offset, bytes);
}

TEST(BufferChain, CopiesAcrossBoundariesOfBothChains) {
    Chain from({3, 0, 4, 5}), to({5, 1, 9});
    from.number();
    EXPECT_EQ(copy(to, 2, from, 1, 10), 10u);
    const std::vector<unsigned char> expected{0, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 0, 0};
    EXPECT_EQ(to.flat(), expected);
}

TEST(BufferChain, EndsWhereEitherChainEnds) {
    Chain from({4, 4}), to({6});
    from.number();
    EXPECT_EQ(copy(to, 0, from, 0, 100), 6u);
    EXPECT_EQ(copy(to, 4, from, 0, 100), 2u);
    EXPECT_EQ(copy(to, 0, from, 7, 100), 1u);
    EXPECT_EQ(copy(to, 6, from, 0, 1), 0u) << "offset at the end";
    EXPECT_EQ(copy(to, 0, from, 99, 1), 0u) << "offset behind the end";
}

TEST(BufferChain, EmptyChainsCopyNothing) {
    Chain none({}), some({4}), empty_buffers({0, 0});
    EXPECT_EQ(copy(some, 0, none, 0, 4), 0u);
    EXPECT_EQ(copy(none, 0, some, 0, 4), 0u);
    EXPECT_EQ(copy(some, 0, empty_buffers, 0, 4), 0u);
}

TEST(BufferChain, BufferThatCannotBeMappedEndsTheCopy) {
    Chain from({2, 2, 2}), to({6});
    from.number();
    from[1].mapped = false;
    EXPECT_EQ(copy(to, 0, from, 0, 6), 2u);
}

TEST(BufferChain, AgreesWithAFlatCopy) {
    std::mt19937 random(3);
    for (int round = 0; round < 3000; ++round) {
        std::vector<size_t> sizes[2];
        for (auto& chain : sizes) {
            chain.resize(random() % 6);
            for (size_t& size : chain) {
                size = random() % 9;
            }
        }
        Chain from(sizes[0]), to(sizes[1]);
        from.number();
        const size_t from_offset = random() % 20, to_offset = random() % 20, bytes = random() % 30;
        std::vector<unsigned char> expected = to.flat();
        const std::vector<unsigned char> source = from.flat();
        size_t count = 0;
        while (count < bytes && from_offset + count < source.size() &&
               to_offset + count < expected.size()) {
            expected[to_offset + count] = source[from_offset + count];
            ++count;
        }
        ASSERT_EQ(copy(to, to_offset, from, from_offset, bytes), count);
        ASSERT_EQ(to.flat(), expected);
    }
}

}  // namespace
