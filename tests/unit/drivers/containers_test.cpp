// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "lib/bounded_fifo.hpp"
#include "lib/hash.hpp"
#include "lib/list.hpp"

namespace rundown {
namespace {

TEST(BoundedFifo, OldestComesOutFirstAroundTheEnd) {
    BoundedFifo<int, 3> fifo;
    int next = 0, expected = 0;
    for (int round = 0; round < 10; ++round) {
        EXPECT_TRUE(fifo.Push(next++));
        EXPECT_TRUE(fifo.Push(next++));
        int value = -1;
        EXPECT_TRUE(fifo.Pop(&value));
        EXPECT_EQ(value, expected++);
        EXPECT_TRUE(fifo.Pop(&value));
        EXPECT_EQ(value, expected++);
    }
    EXPECT_EQ(fifo.Count(), 0u);
}

TEST(BoundedFifo, FullAndEmptyAreRefused) {
    BoundedFifo<int, 2> fifo;
    int value = 7;
    EXPECT_FALSE(fifo.Pop(&value));
    EXPECT_EQ(value, 7);
    EXPECT_TRUE(fifo.Push(1));
    EXPECT_TRUE(fifo.Push(2));
    EXPECT_FALSE(fifo.Push(3));
    EXPECT_EQ(fifo.Count(), 2u);
}

struct Thing {
    int Number = 0;
    ListLink Link;
};

TEST(DriverList, KeepsOrderAndForgetsWhatIsRemoved) {
    List<Thing, &Thing::Link> list;
    Thing things[3] = {{1, {}}, {2, {}}, {3, {}}};
    EXPECT_TRUE(list.IsEmpty());
    for (auto& thing : things) {
        EXPECT_FALSE(thing.Link.IsLinked());
        list.InsertTail(&thing);
        EXPECT_TRUE(thing.Link.IsLinked());
    }
    list.Remove(&things[1]);
    EXPECT_FALSE(things[1].Link.IsLinked());
    ASSERT_EQ(list.First(), &things[0]);
    ASSERT_EQ(list.Next(&things[0]), &things[2]);
    EXPECT_EQ(list.Next(&things[2]), nullptr);
    list.Remove(&things[0]);
    list.Remove(&things[2]);
    EXPECT_TRUE(list.IsEmpty());
    EXPECT_EQ(list.First(), nullptr);
}

TEST(DriverHash, IsFnv1a64) {
    EXPECT_EQ(Fnv1a("", 0), 0xCBF29CE484222325ull);
    EXPECT_EQ(Fnv1a("a", 1), 0xAF63DC4C8601EC8Cull);
    EXPECT_EQ(Fnv1a("foobar", 6), 0x85944171F73967E8ull);
}

}  // namespace
}  // namespace rundown
