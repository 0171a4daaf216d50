// SPDX-License-Identifier: MIT
// integration/guest_fixture.hpp
//
// What the tests of harness/guest share: guests of a few instructions, written by the test itself,
// so that they need nothing but QEMU; and a loop to run coroutines on. Header only.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
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
#include "support/tiny_guest.hpp"

namespace rundown::guest {

inline constexpr const char* kTestRoot =
    "RUNDOWN_TEST_ROOT";  // Tells a child of a test to use its parent's directory.

/// Nothing there: no such directory, or an empty one.
inline bool nothing_in(const std::string& directory) {
    std::error_code error;
    return !std::filesystem::exists(directory, error) ||
           std::filesystem::is_empty(directory, error);
}

/// A directory of this test program, removed at its end. Its runtime directory is one for all tests
/// of the process, because libvirt keeps the embedded driver where it was first.
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
            throw std::runtime_error(hypervisor.error().sentence
            );  // Ends the test, which cannot go on.
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
