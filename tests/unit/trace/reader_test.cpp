// SPDX-License-Identifier: MIT
#include "trace/reader.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <vector>

#include "rundown/trace_abi.h"
#include "trace/text.hpp"

namespace rundown::trace {
namespace {

/// A window as the guest sees it, written with the guest's own functions.
class Window {
  public:
    explicit Window(std::uint64_t capacity)
        : words_((RD_TRACE_HEADER_BYTES + capacity * RD_TRACE_RECORD_BYTES) / 8) {
        header()->version = RD_TRACE_VERSION;
        header()->record_bytes = RD_TRACE_RECORD_BYTES;
        header()->capacity = capacity;
        header()->frequency_hz = 1'000'000;
        header()->boot_id = 42;
        header()->magic = RD_TRACE_MAGIC;
    }

    rd_trace_header* header() { return reinterpret_cast<rd_trace_header*>(words_.data()); }
    std::span<const std::byte> bytes() const { return std::as_bytes(std::span(words_)); }

    std::uint64_t write(std::uint64_t object) {
        std::uint64_t sequence = 0;
        rd_trace_record* record = begin(object, sequence);
        rd_trace_publish(record, sequence);
        return sequence;
    }

    /// A record that its writer never finishes.
    rd_trace_record* begin(std::uint64_t object, std::uint64_t& sequence) {
        rd_trace_record* record = rd_trace_reserve(header(), &sequence);
        record->source = RD_SOURCE_DRIVER;
        record->kind = RD_KIND_CALL;
        record->event = RD_EV_SEND;
        record->object = object;
        return record;
    }

  private:
    std::vector<std::uint64_t> words_;
};

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(TraceReader, ReadsRecordsInTheOrderOfTheirNumbers) {
    Window window(8);
    window.write(100);
    window.write(101);
    const auto trace = read(window.bytes());
    ASSERT_TRUE(trace) << trace.error().sentence;
    ASSERT_EQ(trace->records.size(), 2u);
    EXPECT_EQ(trace->records[0].object, 100u);
    EXPECT_EQ(trace->records[1].sequence, 1u);
    EXPECT_EQ(trace->head, 2u);
    EXPECT_EQ(trace->boot_id, 42u);
    EXPECT_TRUE(trace->gaps.empty());
    EXPECT_TRUE(trace->whole(0, trace->head));
}

TEST(TraceReader, CountsWhatANewerRecordHasOverwritten) {
    Window window(4);
    for (std::uint64_t i = 0; i < 10; ++i) {
        window.write(i);
    }
    const auto trace = read(window.bytes());
    ASSERT_TRUE(trace);
    ASSERT_EQ(trace->records.size(), 4u);
    EXPECT_EQ(trace->records[0].object, 6u);
    EXPECT_EQ(trace->lost, 6u);
    EXPECT_EQ(trace->gaps, (std::vector<Gap>{{0, 6}}));
    EXPECT_TRUE(trace->whole_after(6));
    EXPECT_FALSE(trace->whole_before(7));
    EXPECT_EQ(trace->find(7)->object, 7u);
    EXPECT_EQ(trace->find(3), nullptr);
}

TEST(TraceReader, LeavesOutWhatWasBegunAndNotFinished) {
    Window window(4);
    std::uint64_t torn = 0;
    window.write(0);
    window.begin(1, torn);
    window.write(2);
    const auto trace = read(window.bytes());
    ASSERT_TRUE(trace);
    EXPECT_EQ(trace->records.size(), 2u);
    EXPECT_EQ(trace->torn, 1u);
    EXPECT_EQ(trace->gaps, (std::vector<Gap>{{torn, torn + 1}}));
}

TEST(TraceReader, TakesARecordOfNoKnownSourceOrKindForTorn) {
    Window window(4);
    std::uint64_t sequence = 0;
    rd_trace_record* record = window.begin(1, sequence);
    record->source = 9;
    rd_trace_publish(record, sequence);
    record = window.begin(1, sequence);
    record->kind = 0;
    rd_trace_publish(record, sequence);
    const auto trace = read(window.bytes());
    ASSERT_TRUE(trace);
    EXPECT_EQ(trace->torn, 2u);
}

TEST(TraceReader, SaysWhatIsWrongWithAHeader) {
    const auto sentence = [](auto damage) {
        Window window(4);
        damage(*window.header());
        const auto trace = read(window.bytes());
        EXPECT_FALSE(trace);
        return trace ? std::string() : trace.error().sentence;
    };
    using Header = rd_trace_header;
    EXPECT_NE(
        sentence([](Header& h) { h.magic = 0; }).find("never initialised"), std::string::npos
    );
    EXPECT_NE(sentence([](Header& h) { h.magic = 1; }).find("magic"), std::string::npos);
    EXPECT_NE(sentence([](Header& h) { h.version = 2; }).find("version 2"), std::string::npos);
    EXPECT_NE(sentence([](Header& h) { h.record_bytes = 0; }).find("0 bytes"), std::string::npos);
    EXPECT_NE(sentence([](Header& h) { h.capacity = 5; }).find("room for 4"), std::string::npos);
    EXPECT_NE(sentence([](Header& h) { h.capacity = 0; }).find("0 records"), std::string::npos);
    EXPECT_NE(
        sentence([](Header& h) { h.head = ~0ull; }).find("records written"), std::string::npos
    );
    EXPECT_FALSE(read({}));
}

TEST(TraceReader, AFileSaysTheSameAsTheWindow) {
    for (const std::uint64_t written : {0, 1, 3, 4, 5, 11}) {
        Window window(4);
        for (std::uint64_t i = 0; i < written; ++i) {
            window.write(i);
        }
        std::uint64_t torn = 0;
        window.begin(99, torn);
        const auto whole = read(window.bytes());
        ASSERT_TRUE(whole);
        const auto file = write(*whole);
        EXPECT_EQ(
            file.size(),
            RD_TRACE_HEADER_BYTES + std::min<std::uint64_t>(written + 1, 4) * RD_TRACE_RECORD_BYTES
        );
        const auto again = read(bytes_of(file));
        ASSERT_TRUE(again) << again.error().sentence;
        EXPECT_EQ(again->gaps, whole->gaps);
        EXPECT_EQ(again->lost, whole->lost);
        EXPECT_EQ(again->torn, whole->torn);
        EXPECT_EQ(again->head, whole->head);
        ASSERT_EQ(again->records.size(), whole->records.size());
        for (std::size_t i = 0; i < whole->records.size(); ++i) {
            EXPECT_EQ(to_text(again->records[i]), to_text(whole->records[i]));
        }
    }
}

/// The worked example of TRACE_FORMAT.md, byte for byte.
TEST(TraceReader, ReadsTheExampleOfTheFormatsDocument) {
    constexpr unsigned char kRecord[] = {
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x42, 0x0F, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x1C, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01, 0x02, 0x04, 0x00,
        0x01, 0x00, 0x03, 0x01, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0xA0, 0xFF,
        0xFF, 0x00, 0x20, 0x00, 0x00, 0x00, 0xB0, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    };
    constexpr unsigned char kHeader[] = {
        0x52, 0x4E, 0x52, 0x44, 0x54, 0x52, 0x43, 0x31, 0x01, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00,
        0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x42, 0x0F, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x2A, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    };
    std::string file(RD_TRACE_HEADER_BYTES + RD_TRACE_RECORD_BYTES, '\0');
    std::memcpy(file.data(), kHeader, sizeof(kHeader));
    std::memcpy(file.data() + RD_TRACE_HEADER_BYTES, kRecord, sizeof(kRecord));
    const auto trace = read(bytes_of(file));
    ASSERT_TRUE(trace) << trace.error().sentence;
    ASSERT_EQ(trace->records.size(), 1u);
    EXPECT_EQ(
        to_text(trace->records[0], *trace),
        "#0 1.000000 driver return close-adapter b=1 object=0xffffa00000001000 status=pending "
        "arg0=0xffffb00000002000 processor=2 thread=0x1c"
    );
}

}  // namespace
}  // namespace rundown::trace
