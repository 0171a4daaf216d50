// SPDX-License-Identifier: MIT
#include "guest/reaper_io.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "guest/process_io.hpp"

namespace rundown::guest {

void become_subreaper() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int reap_adopted_children() {
    const int own_session = ::getsid(0);
    int reaped = 0;
    std::error_code error;
    // The kernel lists children by the thread that has them; adopted ones go to any.
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
        std::ifstream children(thread.path() / "children");
        for (int pid = 0; children >> pid;) {
            const auto stat = process_stat(pid);
            if (!stat || stat->state != 'Z' || stat->session == own_session || stat->session == pid)
                continue;
            if (::waitpid(pid, nullptr, WNOHANG) == pid)
                ++reaped;
        }
    }
    return reaped;
}

struct Reaper::Watch : std::enable_shared_from_this<Reaper::Watch> {
    explicit Watch(boost::asio::any_io_executor loop) : child_ended(loop, SIGCHLD) {}

    void wait() {
        child_ended.async_wait([self = shared_from_this()](boost::system::error_code error, int) {
            if (error)
                return;
            reap_adopted_children();
            self->wait();
        });
    }

    boost::asio::signal_set child_ended;
};

Reaper::Reaper(boost::asio::any_io_executor loop)
    : watch_(std::make_shared<Watch>(std::move(loop))) {
    become_subreaper();
    reap_adopted_children();
    watch_->wait();
}

Reaper::~Reaper() {
    watch_->child_ended.cancel();
}

}  // namespace rundown::guest
