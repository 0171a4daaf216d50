// SPDX-License-Identifier: MIT
#include "witness/nic_watch.hpp"

namespace rundown::witness {

void NicWatch::on_test_frame(const FrameJudgement& judgement, TimePoint now) {
    ++counted_.frames_from_guest;
    counted_.frames_after_teardown += torn_down_ ? 1 : 0;
    counted_.first = counted_.first.value_or(now);
    counted_.last = now;
    // A frame of ours that the guest sent back is as wrong as one that is damaged.
    const bool wrong = judgement.bad() || judgement.fields.direction != RD_FRAME_FROM_GUEST ||
                       !sequences_.note(judgement.fields.stream, judgement.fields.sequence);
    counted_.frames_bad += wrong ? 1 : 0;
}

void NicWatch::on_frame(std::span<const std::byte> frame, TimePoint now) {
    counted_.bytes_from_guest += frame.size();
    const FrameJudgement judgement = judge_frame(frame);
    if (judgement.kind == FrameKind::other) {
        ++counted_.frames_other;
    } else {
        on_test_frame(judgement, now);
    }
}

NicStatistics NicWatch::statistics() const {
    NicStatistics statistics = counted_;
    statistics.sequence_gaps = sequences_.gaps();
    statistics.sequence_repeats = sequences_.repeats();
    statistics.streams = sequences_.seen();
    return statistics;
}

}  // namespace rundown::witness
