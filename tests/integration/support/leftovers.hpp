// SPDX-License-Identifier: MIT
// integration/support/leftovers.hpp
//
// What the programs that this test started, and that have ended, left on the machine. Others' runs,
// perhaps under way at the same time, are none of its business.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace rundown::integration {

/// One line each; empty when the machine is as before. Looked at: processes (QEMU by its command
/// line, and whatever else descends from a program: orphans become children of this test), files in
/// /dev/shm, unix sockets and other files below the runtime directory, where libvirt's domains and
/// the run registry are, and temporary files. What is still there is looked for again until
/// `patience` is over: who was killed is cleaned up after by another process.
std::vector<std::string> leftovers(std::chrono::milliseconds patience = {});

/// Tells leftovers() of a program that begins and ends.
void program_started(pid_t pid);
void program_ended(pid_t pid);

/// This test adopts what its programs orphan. Once, before the first program starts.
void adopt_orphans();

/// Pids of running QEMU processes that the rundown process `program` started.
std::vector<pid_t> qemu_processes_of(pid_t program);

/// Waits for a process with that name whose arguments hold `word`; false: none came.
bool await_process_with(const std::string& name, const std::string& word);

/// The QEMUs of a program, waited for; a failure of the test when none comes.
std::vector<pid_t> await_qemu(pid_t program);

}  // namespace rundown::integration
