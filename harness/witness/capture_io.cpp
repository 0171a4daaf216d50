// SPDX-License-Identifier: MIT
#include "witness/capture_io.hpp"

#include <fmt/format.h>
#include <pcap/pcap.h>
#include <sys/time.h>

#include <cstdio>
#include <utility>

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
        return fail(
            ErrorKind::environment,
            fmt::format("cannot write the capture: {}", pcap_geterr(capture->pcap_))
        );
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
    pcap_pkthdr header{};
    gettimeofday(&header.ts, nullptr);
    header.caplen = static_cast<bpf_u_int32>(frame.size());
    header.len = header.caplen;
    pcap_dump(
        reinterpret_cast<u_char*>(dumper_), &header, reinterpret_cast<const u_char*>(frame.data())
    );
    bytes_ += kFrameHeader + frame.size();
}

result<void> Capture::close() {
    bool written = true;
    if (auto* dumper = std::exchange(dumper_, nullptr)) {
        written = pcap_dump_flush(dumper) == 0 && std::ferror(pcap_dump_file(dumper)) == 0;
        pcap_dump_close(dumper);
    }
    if (auto* opened = std::exchange(pcap_, nullptr)) {
        pcap_close(opened);
    }
    if (!written) {
        return fail(
            ErrorKind::environment, fmt::format("cannot write {}: is the disk full?", path_)
        );
    }
    return {};
}

}  // namespace rundown::witness
