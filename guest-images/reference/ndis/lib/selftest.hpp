// SPDX-License-Identifier: MIT
// ndis/lib/selftest.hpp
//
// The library's smoke test inside the guest, with selftest=1 on the command line: what native tests cannot reach, because it
// needs the kernel's memory, threads and registry. Lines as in ke/selftest.hpp; the last is "selftest ndis: N passed, M failed".
#pragma once

namespace ndis {

/// PASSIVE_LEVEL, before the first miniport driver is loaded.
void run_library_selftest();

}  // namespace ndis
