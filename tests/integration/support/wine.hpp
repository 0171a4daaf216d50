// SPDX-License-Identifier: MIT
// integration/support/wine.hpp
//
// Wine with a prefix of its own below the build directory, for tests of Win32 programs: made once,
// without a display; its COM1 is whatever the link serial_line() leads to. Nothing of it runs any
// more when the object is gone.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace rundown::integration {

class Wine {
  public:
    /// Why tests under Wine cannot run here; empty: they can.
    static std::string missing();

    /// Makes the prefix where there is none (some 15 s). Throws when Wine cannot.
    Wine();
    ~Wine();
    Wine(const Wine&) = delete;
    Wine& operator=(const Wine&) = delete;

    /// Starts a program; `arguments` include its path.
    pid_t start(const std::vector<std::string>& arguments) const;
    /// Runs one to its end. Its exit code; nothing: it did not end in time and was killed.
    std::optional<int> run(const std::vector<std::string>& arguments, std::chrono::seconds patience)
        const;

    /// The drive C: of the guest, and a path below it as the guest says it.
    std::string drive() const { return prefix_ + "/drive_c"; }
    /// The symbolic link that is COM1.
    std::string serial_line() const { return prefix_ + "/serial-line"; }

    /// The next object makes the prefix anew.
    void forget() const;

    /// Ends every program of the prefix, and waits for that.
    void end_everything() const;

  private:
    void make_prefix();

    std::string prefix_;
};

/// Waits for a process of ours. Its exit code (128 + signal); nothing: it did not end in time.
std::optional<int> wait_for(pid_t pid, std::chrono::seconds patience);

}  // namespace rundown::integration
