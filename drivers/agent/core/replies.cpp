// SPDX-License-Identifier: MIT
#include "agent/core/replies.hpp"

#include <string.h>

namespace rundown::agent {

const Replies::Entry* Replies::find(uint16_t sequence) const {
    for (const Entry& entry : entries_)
        if (entry.used && entry.sequence == sequence) return &entry;
    return nullptr;
}

Seen Replies::look_up(uint16_t sequence, const uint8_t** frame, size_t* bytes) const {
    const Entry* entry = find(sequence);
    if (!entry) return Seen::never;
    if (!entry->done) return Seen::in_progress;
    if (!entry->stored) return Seen::forgotten;
    *frame = entry->frame;
    *bytes = entry->bytes;
    return Seen::answered;
}

bool Replies::begin(uint16_t sequence) {
    Entry* chosen = const_cast<Entry*>(find(sequence));  // performed again
    for (Entry& entry : entries_) {
        if (chosen && chosen->used && chosen->sequence == sequence) break;
        if (entry.used && !entry.done) continue;
        if (!chosen || !entry.used || (chosen->used && entry.order < chosen->order)) chosen = &entry;
        if (!entry.used) break;
    }
    if (!chosen) return false;
    chosen->sequence = sequence;
    chosen->used = true;
    chosen->done = chosen->stored = false;
    chosen->order = ++order_;
    return true;
}

void Replies::answered(uint16_t sequence, const uint8_t* frame, size_t bytes) {
    Entry* entry = const_cast<Entry*>(find(sequence));
    if (!entry) return;
    entry->done = true;
    entry->stored = bytes <= kStoredBytes;
    entry->bytes = bytes;
    if (entry->stored) memcpy(entry->frame, frame, bytes);
}

void Replies::reset() {
    for (Entry& entry : entries_) entry.used = false;
}

}  // namespace rundown::agent
