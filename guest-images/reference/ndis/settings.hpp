// SPDX-License-Identifier: MIT
// ndis/settings.hpp
//
// What a run can force of the choices that the documentation leaves to NDIS, by words on the kernel's command line:
//   ndis_open=pend|sync|refuse|refuse-late    NdisOpenAdapter always pends, never does, fails at once, or pends and then fails
//   ndis_close=pend|sync                      NdisCloseAdapter always pends, or never does
//   ndis_request_ms=N [ndis_request_oid=OID]  requests, or those for one OID, pend N ms (request_hold.cpp)
// Without a word the seed decides. A word that is none of these stops the guest: a run that is not what was asked for proves
// nothing. The words are decided here without a system (`tests/unit/ndis`); settings.cpp reads them.
#pragma once
#include <cstddef>

namespace ndis {

enum class OpenWay {
    invalid,      ///< The word is none of ours.
    seeded,       ///< The seed decides whether it pends.
    pend,         ///< NDIS_STATUS_PENDING, then OpenAdapterComplete with success.
    sync,         ///< NDIS_STATUS_SUCCESS.
    refuse,       ///< NDIS_STATUS_OPEN_FAILED at once.
    refuse_late,  ///< NDIS_STATUS_PENDING, then OpenAdapterComplete with NDIS_STATUS_OPEN_FAILED.
};

enum class CloseWay {
    invalid,  ///< The word is none of ours.
    seeded,   ///< The seed decides whether it pends.
    pend,     ///< NDIS_STATUS_PENDING, then CloseAdapterComplete.
    sync,     ///< NDIS_STATUS_SUCCESS, after a wait for what is under way on the binding.
};

constexpr bool same_word(const char* one, const char* other) {
    size_t i = 0;
    while (one[i] && one[i] == other[i]) ++i;
    return one[i] == other[i];
}

/// Null: the word is not on the command line.
constexpr OpenWay open_way(const char* word) {
    if (!word) return OpenWay::seeded;
    if (same_word(word, "pend")) return OpenWay::pend;
    if (same_word(word, "sync")) return OpenWay::sync;
    if (same_word(word, "refuse")) return OpenWay::refuse;
    return same_word(word, "refuse-late") ? OpenWay::refuse_late : OpenWay::invalid;
}

/// Null: the word is not on the command line.
constexpr CloseWay close_way(const char* word) {
    if (!word) return CloseWay::seeded;
    if (same_word(word, "pend")) return CloseWay::pend;
    return same_word(word, "sync") ? CloseWay::sync : CloseWay::invalid;
}

constexpr bool open_pends(OpenWay way, bool seed_says) {
    return way == OpenWay::pend || way == OpenWay::refuse_late || (way == OpenWay::seeded && seed_says);
}

constexpr bool close_pends(CloseWay way, bool seed_says) {
    return way == CloseWay::pend || (way == CloseWay::seeded && seed_says);
}

}  // namespace ndis
