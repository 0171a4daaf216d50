// SPDX-License-Identifier: MIT
// ndis/settings.cpp: reads settings.hpp's words.
#include "ndis/ndisp.hpp"

namespace ndis {

OpenWay OpensGo = OpenWay::seeded;
CloseWay ClosesGo = CloseWay::seeded;

void read_settings() {
    constexpr ULONG invalid_setting = 0x52440203;
    char word[24];
    if (RdCommandLineText("ndis_open", word, sizeof word)) OpensGo = open_way(word);
    if (OpensGo == OpenWay::invalid) RdBugCheckText("ndis_open= is not pend, sync, refuse or refuse-late", 0xC4, invalid_setting, 0, 0, 0);
    if (RdCommandLineText("ndis_close", word, sizeof word)) ClosesGo = close_way(word);
    if (ClosesGo == CloseWay::invalid) RdBugCheckText("ndis_close= is not pend or sync", 0xC4, invalid_setting, 1, 0, 0);
}

}  // namespace ndis
