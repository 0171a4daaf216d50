// SPDX-License-Identifier: MIT
// agent/core/replies.hpp
//
// Which requests of the session have been seen, and the answers that may be asked for again: a
// request that is sent twice is performed once. Bounded: kRemembered requests, and answers of up to
// kStoredBytes. Sequence numbers are compared modulo 2^16, as far apart as half of that.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace rundown::agent
{

enum class Seen : uint8_t {
    never,       // Perform it.
    in_progress, // Say nothing: the answer will come.
    answered,    // Send the stored answer again.
    forgotten,   // Answered, and the answer was too large to keep.
    too_old,     // From before everything that is remembered: perhaps performed, perhaps not.
};

class Replies
{
  public:
    static constexpr size_t kRemembered = 32;
    static constexpr size_t kStoredBytes = 512;

    /// What is known of a request. For `answered`, the answer's frame.
    Seen look_up(uint16_t sequence, const uint8_t **frame, size_t *bytes) const;
    /// The request is being performed from now on; of those that are not, the one with the oldest
    /// sequence number is forgotten. False: all are being performed.
    bool begin(uint16_t sequence);
    /// Its answer has been sent.
    void answered(uint16_t sequence, const uint8_t *frame, size_t bytes);
    void reset();

  private:
    struct Entry {
        uint16_t sequence = 0;
        bool used = false, done = false, stored = false;
        size_t bytes = 0;
        uint8_t frame[kStoredBytes] = {};
    };
    const Entry *find(uint16_t sequence) const;
    Entry *choose();

    Entry entries_[kRemembered];
    bool forgot_any_ = false;
    uint16_t forgotten_to_ = 0; // The newest sequence number forgotten so far.
};

} // namespace rundown::agent
