// SPDX-License-Identifier: MIT
// integration/guest_fixture.hpp
//
// What the tests of harness/guest share: guests of a few instructions, written by the test itself, so that they need
// nothing but QEMU; and a loop to run coroutines on. Header only.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "guest/guest_io.hpp"
#include "guest/hypervisor_io.hpp"
#include "guest/process_io.hpp"

namespace rundown::guest {

/// Builds a PVH guest: 32-bit code at 1 MiB behind a 64-bit ELF header with Xen's note 18.
class TinyGuest {
  public:
    TinyGuest& out8(std::uint16_t port, std::uint8_t value) { return port_in_dx(port).bytes({0xB0, value, 0xEE}); }
    TinyGuest& out16(std::uint16_t port, std::uint16_t value) {
        return port_in_dx(port).bytes({0x66, 0xB8, low(value), high(value), 0x66, 0xEF});
    }
    TinyGuest& print(std::uint16_t port, std::string_view text) {
        for (const char c : text)
            out8(port, static_cast<std::uint8_t>(c));
        return *this;
    }
    /// Sends back what COM1 receives, for ever.
    TinyGuest& echo_serial() {
        port_in_dx(0x3FD).bytes({0xEC, 0xA8, 0x01, 0x74, 0xF7});               // until data is ready
        return port_in_dx(0x3F8).bytes({0xEC, 0xEE, 0xEB, 0xEF});              // in, out, again
    }
    /// Stops until the host ends it.
    TinyGuest& halt() { return bytes({0xFA, 0xF4, 0xEB, 0xFD}); }
    /// Waits for one byte from COM1.
    TinyGuest& await_byte() {
        port_in_dx(0x3FD).bytes({0xEC, 0xA8, 0x01, 0x74, 0xF7});
        return port_in_dx(0x3F8).bytes({0xEC});
    }

    std::string elf() const {
        constexpr std::uint64_t kLoad = 0x100000, kHeaders = 64 + 2 * 56, kNote = kHeaders, kCode = kNote + 24;
        std::string image(kCode, '\0');
        const auto put = [&image](std::size_t at, auto value) { std::memcpy(&image[at], &value, sizeof value); };
        std::memcpy(image.data(), "\x7F" "ELF\x02\x01\x01", 7);
        put(16, std::uint16_t{2}), put(18, std::uint16_t{62}), put(20, std::uint32_t{1});  // EXEC, x86-64
        put(24, kLoad), put(32, std::uint64_t{64});                                        // entry, program headers
        put(52, std::uint16_t{64}), put(54, std::uint16_t{56}), put(56, std::uint16_t{2}), put(58, std::uint16_t{64});
        const auto segment = [&put](std::size_t at, std::uint32_t type, std::uint64_t offset, std::uint64_t address,
                                    std::uint64_t size) {
            put(at, type), put(at + 4, std::uint32_t{7}), put(at + 8, offset), put(at + 16, address);
            put(at + 24, address), put(at + 32, size), put(at + 40, size), put(at + 48, std::uint64_t{4});
        };
        segment(64, 1, kCode, kLoad, code_.size());
        segment(64 + 56, 4, kNote, kLoad + 0x10000, 24);
        put(kNote, std::uint32_t{4}), put(kNote + 4, std::uint32_t{8}), put(kNote + 8, std::uint32_t{18});
        std::memcpy(&image[kNote + 12], "Xen", 4);
        put(kNote + 16, kLoad);
        return image + code_;
    }

  private:
    static std::uint8_t low(std::uint16_t value) { return static_cast<std::uint8_t>(value); }
    static std::uint8_t high(std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); }
    TinyGuest& port_in_dx(std::uint16_t port) { return bytes({0x66, 0xBA, low(port), high(port)}); }
    TinyGuest& bytes(std::initializer_list<std::uint8_t> values) {
        for (const std::uint8_t value : values)
            code_.push_back(static_cast<char>(value));
        return *this;
    }
    std::string code_;
};

inline constexpr const char* kTestRoot = "RUNDOWN_TEST_ROOT";  // Tells a child of a test to use its parent's directory.

/// A directory of this test program, removed at its end. Its runtime directory is one for all tests of the process,
/// because libvirt keeps the embedded driver where it was first.
class TestPlace {
  public:
    static TestPlace& instance() {
        static TestPlace place;
        return place;
    }
    Places places() const { return {root_ + "/run", cache_}; }
    std::string new_directory() {
        const std::string made =
            root_ + "/out-" + std::to_string(::getpid()) + "-" + std::to_string(++directories_);
        std::filesystem::create_directories(made);
        return made;
    }
    const std::string& root() const { return root_; }
    ~TestPlace() {
        std::error_code ignored;
        if (owned_)
            std::filesystem::remove_all(root_, ignored);
    }

  private:
    TestPlace() {
        char name[] = "/tmp/rdt-XXXXXX";
        const char* given = std::getenv(kTestRoot);
        owned_ = given == nullptr;
        root_ = owned_ ? ::mkdtemp(name) : given;
        // Kept between programs: libvirt needs seconds to learn QEMU.
        cache_ = "/tmp/rundown-tests-" + std::to_string(::getuid());
    }
    std::string root_, cache_;
    bool owned_ = true;
    int directories_ = 0;
};

class GuestFixture : public testing::Test {
  protected:
    /// Runs one coroutine to its end on a loop of its own.
    template <class Body>
    void run(Body body) {
        boost::asio::io_context loop(1);
        std::exception_ptr thrown;
        boost::asio::co_spawn(loop, std::move(body), [&](std::exception_ptr error) {
            thrown = error;
            loop.stop();
        });
        loop.run_for(std::chrono::seconds(100));
        ASSERT_TRUE(loop.stopped()) << "the test hangs";
        if (thrown)
            std::rethrow_exception(thrown);
    }

    static Deadline soon() { return Deadline::in(Milliseconds(60000), "the test"); }

    static boost::asio::awaitable<std::unique_ptr<Hypervisor>> open_hypervisor() {
        HypervisorOptions options;
        options.places = TestPlace::instance().places();
        auto hypervisor = co_await Hypervisor::open(options, soon());
        if (!hypervisor)
            throw std::runtime_error(hypervisor.error().sentence);  // Ends the test, which cannot go on.
        co_return std::move(*hypervisor);
    }

    static GuestSpec spec_of(const TinyGuest& guest) {
        GuestSpec spec;
        spec.directory = TestPlace::instance().new_directory();
        spec.kernel = spec.directory + "/kernel.elf";
        std::ofstream(spec.kernel, std::ios::binary) << guest.elf();
        spec.accelerator = Accelerator::tcg;
        return spec;
    }
};

/// Sends a signal to a guest's QEMU, as somebody else's hand would.
inline void signal_qemu(const Guest& guest, int number) {
    const auto found = find_processes([&guest](const std::vector<std::string>& arguments) {
        return is_domain_process(arguments, guest.names().domain, guest.names().uuid);
    });
    ASSERT_EQ(found.size(), 1u);
    EXPECT_TRUE(ProcessHandle::open(found[0]).signal(number));
}

inline std::string contents_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace rundown::guest
