// SPDX-License-Identifier: MIT
// integration/support/small_machine.hpp
//
// A machine with less of something, for one program: what Invocation::before_start takes. Made of
// namespaces and limits of the new process, so that nothing of it can outlive the program or
// disturb anybody. The functions returned give false where the right is missing.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace rundown::integration {

using Preparation = std::function<bool()>;

/// A file system of that size ("48k") mounted on `directory`, seen by the program only.
Preparation with_disk(std::string directory, std::string size);
/// Files may grow to that size.
Preparation with_file_size_limit(std::uint64_t bytes);
/// Processes may have that much address space.
Preparation with_address_space(std::uint64_t bytes);
/// A network of its own, with ports `first` to `last` to give away, all in use.
Preparation with_few_ports(unsigned first, unsigned last);
/// Standard streams closed, as by `<&- >&- 2>&-`.
Preparation with_closed_streams(std::vector<int> streams);
/// Signals ignored, as nohup and shells do.
Preparation with_ignored_signal(int number);

/// True when this user may make mount and network namespaces here; else such a test is skipped.
bool can_make_namespaces();

/// Fills the disk mounted on `directory`, as the process `pid` sees it, to the last byte.
void fill_disk_of(pid_t pid, const std::string& directory);

}  // namespace rundown::integration
