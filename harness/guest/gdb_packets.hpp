// SPDX-License-Identifier: MIT
// guest/gdb_packets.hpp
//
// Packets of the gdb remote protocol, the part that QEMU's stub is spoken to with here:
// `$payload#cc` with a checksum, each acknowledged by `+`. A decoder without I/O: bytes in, events
// out. What comes is not believed: a packet that is too long, ends wrongly or has a wrong checksum
// is garbage, and garbage on this line ends the deterministic run.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Overview.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rundown::guest {

/// Longest payload taken: QEMU's own limit is 4096.
inline constexpr std::size_t kGdbPayloadMax = 4096;

/// `$payload#cc`. `payload` holds none of the characters $ # } * (no command used here does).
std::string gdb_packet(std::string_view payload);

/// What came.
enum class GdbInputKind {
    none,     // Nothing complete yet.
    ack,      // '+': the last packet arrived.
    packet,   // A packet with a good checksum.
    garbage,  // Anything else.
};

struct GdbInput {
    GdbInputKind kind = GdbInputKind::none;
    std::string payload;  // Of a packet, with escapes and repetitions as they came; of garbage:
                          // what is wrong with it.
};

class GdbDecoder {
  public:
    /// Takes bytes of the stub's.
    void feed(std::string_view bytes) { buffer_.append(bytes); }
    /// The next thing in what was fed; kind none when more bytes are needed. After garbage nothing
    /// more comes.
    GdbInput next();

  private:
    GdbInput spoilt(std::string what);

    std::string buffer_;
    bool spoilt_ = false;
};

/// Why the machine stopped, from a stop reply: `S05`, `T05thread:01;`. Nothing where it is none.
std::optional<unsigned> gdb_stop_signal(std::string_view payload);

inline constexpr unsigned kGdbTrap = 5;  // A breakpoint or watchpoint.

}  // namespace rundown::guest
