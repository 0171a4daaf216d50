// SPDX-License-Identifier: MIT
// witness/capture_io.hpp
//
// A capture file of one wire, both directions, as any pcap reader takes it (libpcap writes it). Its
// size is bounded: what no longer fits is counted, and the report says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"

struct pcap;
struct pcap_dumper;

namespace rundown::witness {

inline constexpr std::uint64_t kCaptureBytesMax = 16 << 20;

class Capture {
  public:
    /// Makes the file. Fails (environment) naming it. The file is complete after close().
    static result<std::unique_ptr<Capture>> create(
        const std::string& path, std::uint64_t bytes_max = kCaptureBytesMax
    );
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    /// Adds a frame, stamped with this moment's wall-clock time.
    void add(std::span<const std::byte> frame);

    /// Flushes and closes. Fails (environment) when something could not be written.
    result<void> close();

    /// Frames that did not fit.
    std::uint64_t frames_left_out() const { return left_out_; }

  private:
    Capture() = default;
    void note_error();

    std::string path_;
    pcap* pcap_ = nullptr;
    pcap_dumper* dumper_ = nullptr;
    std::uint64_t bytes_max_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t left_out_ = 0;
    int error_number_ = 0;  // Of the first write that failed.
};

}  // namespace rundown::witness
