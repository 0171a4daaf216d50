// SPDX-License-Identifier: MIT
// ndis/lib/buffer_chain.hpp
//
// Copying between two chains of buffers from any offset to any offset. Pure: what a buffer is, the caller's Pieces say
// (Piece, next(), length(), data()), so the tests need no MDLs.
#pragma once
#include <stddef.h>

namespace ndis {

/// Where an offset lies in a chain: the piece, and the offset within it. A null piece: behind the end.
template <typename Pieces>
struct ChainPosition {
    typename Pieces::Piece piece;
    size_t offset;

    /// Moves over pieces that are used up (empty ones too).
    void settle(const Pieces& pieces) {
        while (piece && offset >= pieces.length(piece)) {
            offset -= pieces.length(piece);
            piece = pieces.next(piece);
        }
    }
};

/// Copies at most `bytes`; fewer when either chain ends or a piece has no data (data() is null). Returns how many.
/// The chains may not share memory.
template <typename Pieces>
size_t copy_chain(
    const Pieces& pieces, typename Pieces::Piece to, size_t to_offset, typename Pieces::Piece from, size_t from_offset,
    size_t bytes) {
    ChainPosition<Pieces> target{to, to_offset}, source{from, from_offset};
    size_t done = 0;
    while (done < bytes) {
        target.settle(pieces);
        source.settle(pieces);
        if (!target.piece || !source.piece) break;
        size_t run = bytes - done;
        const size_t room = pieces.length(target.piece) - target.offset, left = pieces.length(source.piece) - source.offset;
        if (run > room) run = room;
        if (run > left) run = left;
        auto* into = pieces.data(target.piece);
        auto* out_of = pieces.data(source.piece);
        if (!into || !out_of) break;
        __builtin_memcpy(into + target.offset, out_of + source.offset, run);
        target.offset += run;
        source.offset += run;
        done += run;
    }
    return done;
}

}  // namespace ndis
