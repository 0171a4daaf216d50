// SPDX-License-Identifier: MIT
// What the kernel says about the other end of a connection.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "witness/far_end_io.hpp"

namespace rundown::witness {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct FarEndTest : testing::Test {
    FarEndTest() : ours(loop), theirs(loop) {
        tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        theirs.connect(acceptor.local_endpoint());
        ours = acceptor.accept();
    }

    void send(std::size_t count) {
        asio::write(ours, asio::buffer(std::string(count, 'x')));
        sent += count;
    }
    void read(std::size_t count) {
        std::string bytes(count, 0);
        asio::read(theirs, asio::buffer(bytes));
    }
    bool has_read() { return FarEnd::open().value().has_read(ours, sent).value(); }

    asio::io_context loop;
    tcp::socket ours, theirs;
    std::uint64_t sent = 0;
};

TEST_F(FarEndTest, NothingSentIsAllRead) {
    EXPECT_TRUE(has_read());
}

TEST_F(FarEndTest, BytesAreReadWhenTheOtherProcessHasTakenThem) {
    send(1000);
    EXPECT_FALSE(has_read());
    read(999);
    EXPECT_FALSE(has_read());
    read(1);
    EXPECT_TRUE(has_read());
}

TEST_F(FarEndTest, BytesThatHaveNotArrivedAreNotRead) {
    ++sent;  // Said to be sent; the other end's queue is empty all the same.
    EXPECT_FALSE(has_read());
}

TEST_F(FarEndTest, AnEndThatIsGoneIsAnError) {
    theirs.close();
    const auto answer = FarEnd::open().value().has_read(ours, 1);
    // A closed end lingers in its kernel for a moment; it has not read anything in any case.
    EXPECT_TRUE(!answer || !*answer);
    ours.close();
    const auto closed = FarEnd::open().value().has_read(ours, 1);
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().kind, ErrorKind::lost_contact);
}

}  // namespace
}  // namespace rundown::witness
