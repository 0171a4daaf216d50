// SPDX-License-Identifier: MIT
#include "agent/core/replies.hpp"

#include <string.h>

namespace rundown::agent
{

namespace
{

/// True when `a` was drawn before `b`, the counter being 16 bits wide.
bool
before(uint16_t a, uint16_t b)
{
    return static_cast<int16_t>(static_cast<uint16_t>(a - b)) < 0;
}

} // namespace

const Replies::Entry *
Replies::find(uint16_t sequence) const
{
    for (const Entry &entry : entries_)
        if (entry.used && entry.sequence == sequence)
            return &entry;
    return nullptr;
}

Seen
Replies::look_up(uint16_t sequence, const uint8_t **frame, size_t *bytes) const
{
    const Entry *entry = find(sequence);
    if (!entry)
        return forgot_any_ && !before(forgotten_to_, sequence) ? Seen::too_old : Seen::never;
    if (!entry->done)
        return Seen::in_progress;
    if (!entry->stored)
        return Seen::forgotten;
    *frame = entry->frame;
    *bytes = entry->bytes;
    return Seen::answered;
}

/// A free entry, or the one whose answer is the oldest; null when every request is being performed.
Replies::Entry *
Replies::choose()
{
    Entry *chosen = nullptr;
    for (Entry &entry : entries_) {
        if (!entry.used)
            return &entry;
        if (entry.done && (!chosen || before(entry.sequence, chosen->sequence)))
            chosen = &entry;
    }
    return chosen;
}

bool
Replies::begin(uint16_t sequence)
{
    Entry *entry = const_cast<Entry *>(find(sequence)); // Performed again.
    if (!entry)
        entry = choose();
    if (!entry)
        return false;
    if (entry->used && entry->sequence != sequence &&
        (!forgot_any_ || before(forgotten_to_, entry->sequence))) {
        forgot_any_ = true;
        forgotten_to_ = entry->sequence;
    }
    entry->sequence = sequence;
    entry->used = true;
    entry->done = entry->stored = false;
    return true;
}

void
Replies::answered(uint16_t sequence, const uint8_t *frame, size_t bytes)
{
    Entry *entry = const_cast<Entry *>(find(sequence));
    if (!entry)
        return;
    entry->done = true;
    entry->stored = bytes <= kStoredBytes;
    entry->bytes = bytes;
    if (entry->stored)
        memcpy(entry->frame, frame, bytes);
}

void
Replies::reset()
{
    for (Entry &entry : entries_)
        entry.used = false;
    forgot_any_ = false;
}

} // namespace rundown::agent
