// SPDX-License-Identifier: MIT
#include "witness/capture_io.hpp"

#include <pcap/pcap.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/file_io.hpp"
#include "witness/stream_decoder.hpp"

namespace rundown::witness {
namespace {
constexpr std::uint64_t kFileHeader = 24;
constexpr std::uint64_t kFrameHeader = 16;
}  // namespace

result<std::unique_ptr<Capture>> Capture::create(const std::string& path, std::uint64_t bytes_max) {
    std::unique_ptr<Capture> capture(new Capture());
    capture->path_ = path;
    capture->bytes_max_ = bytes_max;
    capture->bytes_ = kFileHeader;
    capture->pcap_ = pcap_open_dead(DLT_EN10MB, static_cast<int>(kWireFrameMax));
    if (capture->pcap_ == nullptr) {
        return fail(ErrorKind::environment, "libpcap has no memory for a capture");
    }
    capture->dumper_ = pcap_dump_open(capture->pcap_, path.c_str());
    if (capture->dumper_ == nullptr) {
        return cannot_write(path, errno);
    }
    return capture;
}

Capture::~Capture() {
    static_cast<void>(close());
}

void Capture::add(std::span<const std::byte> frame) {
    if (dumper_ == nullptr || bytes_ + kFrameHeader + frame.size() > bytes_max_) {
        ++left_out_;
        return;
    }
    errno = 0;
    pcap_pkthdr header{};
    gettimeofday(&header.ts, nullptr);
    header.caplen = static_cast<bpf_u_int32>(frame.size());
    header.len = header.caplen;
    pcap_dump(
        reinterpret_cast<u_char*>(dumper_), &header, reinterpret_cast<const u_char*>(frame.data())
    );
    bytes_ += kFrameHeader + frame.size();
    note_error();
}

/// libpcap writes through a stream that only remembers that a write failed, not why.
void Capture::note_error() {
    if (error_number_ == 0 && std::ferror(pcap_dump_file(dumper_)) != 0) {
        error_number_ = errno != 0 ? errno : EIO;
    }
}

result<void> Capture::close() {
    if (dumper_ != nullptr) {
        errno = 0;
        static_cast<void>(pcap_dump_flush(dumper_));
        note_error();
        pcap_dump_close(std::exchange(dumper_, nullptr));
    }
    if (auto* opened = std::exchange(pcap_, nullptr)) {
        pcap_close(opened);
    }
    if (error_number_ != 0) {
        return cannot_write(path_, error_number_);
    }
    return {};
}

}  // namespace rundown::witness
