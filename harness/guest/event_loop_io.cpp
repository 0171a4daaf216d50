// SPDX-License-Identifier: MIT
#include "guest/event_loop_io.hpp"

#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <poll.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace rundown::guest {

namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

short to_poll(int events) {
    return static_cast<short>(
        ((events & VIR_EVENT_HANDLE_READABLE) ? POLLIN : 0) |
        ((events & VIR_EVENT_HANDLE_WRITABLE) ? POLLOUT : 0)
    );
}

int from_poll(short events) {
    return ((events & POLLIN) ? VIR_EVENT_HANDLE_READABLE : 0) |
           ((events & POLLOUT) ? VIR_EVENT_HANDLE_WRITABLE : 0) |
           ((events & POLLERR) ? VIR_EVENT_HANDLE_ERROR : 0) |
           ((events & POLLHUP) ? VIR_EVENT_HANDLE_HANGUP : 0);
}

/// What libvirt wants to hear about one descriptor.
struct Handle {
    int fd;
    int events;
    virEventHandleCallback callback;
    void* opaque;
    virFreeCallback free;
    // A duplicate, so that libvirt may watch one descriptor twice and close it when it likes. Used
    // on the loop only.
    std::shared_ptr<Descriptor> descriptor = nullptr;
    bool waiting_read = false;
    bool waiting_write = false;
};

struct Timeout {
    int frequency_ms;  // Negative: off.
    virEventTimeoutCallback callback;
    void* opaque;
    virFreeCallback free;
    std::shared_ptr<asio::steady_timer> timer = nullptr;
};

/// The tables. Every member function may be called from any thread but those that say "on the
/// loop".
class LibvirtEvents {
  public:
    void attach(asio::any_io_executor executor) {
        const std::lock_guard lock(mutex_);
        executor_ = std::move(executor);
        for (const auto& [watch, handle] : handles_)
            post_rewatch(watch);
        for (const auto& [id, timeout] : timeouts_)
            post_rearm(id);
        for (auto& [free, opaque] : std::exchange(unfreed_, {}))
            post_free(free, opaque);
    }

    void detach() {
        const std::lock_guard lock(mutex_);
        executor_.reset();
        for (auto& [watch, handle] : handles_) {
            handle.descriptor.reset();
            handle.waiting_read = handle.waiting_write = false;
        }
        for (auto& [id, timeout] : timeouts_)
            timeout.timer.reset();
    }

    int add_handle(
        int fd, int events, virEventHandleCallback callback, void* opaque, virFreeCallback free
    ) {
        const std::lock_guard lock(mutex_);
        const int watch = next_id_++;
        handles_.emplace(watch, Handle{fd, events, callback, opaque, free});
        post_rewatch(watch);
        return watch;
    }

    void update_handle(int watch, int events) {
        const std::lock_guard lock(mutex_);
        const auto found = handles_.find(watch);
        if (found == handles_.end())
            return;
        found->second.events = events;
        post_rewatch(watch);
    }

    int remove_handle(int watch) {
        const std::lock_guard lock(mutex_);
        const auto found = handles_.find(watch);
        if (found == handles_.end())
            return -1;
        // The descriptor belongs to the loop's thread; it goes there to be closed.
        if (executor_ && found->second.descriptor)
            asio::post(*executor_, [descriptor = std::move(found->second.descriptor)] {});
        post_free(found->second.free, found->second.opaque);
        handles_.erase(found);
        return 0;
    }

    int add_timeout(
        int frequency_ms, virEventTimeoutCallback callback, void* opaque, virFreeCallback free
    ) {
        const std::lock_guard lock(mutex_);
        const int id = next_id_++;
        timeouts_.emplace(id, Timeout{frequency_ms, callback, opaque, free});
        post_rearm(id);
        return id;
    }

    void update_timeout(int id, int frequency_ms) {
        const std::lock_guard lock(mutex_);
        const auto found = timeouts_.find(id);
        if (found == timeouts_.end())
            return;
        found->second.frequency_ms = frequency_ms;
        post_rearm(id);
    }

    int remove_timeout(int id) {
        const std::lock_guard lock(mutex_);
        const auto found = timeouts_.find(id);
        if (found == timeouts_.end())
            return -1;
        if (executor_ && found->second.timer)
            asio::post(*executor_, [timer = std::move(found->second.timer)] {});
        post_free(found->second.free, found->second.opaque);
        timeouts_.erase(found);
        return 0;
    }

  private:
    // Called with the mutex held.
    void post_rewatch(int watch) {
        if (executor_)
            asio::post(*executor_, [this, watch] { rewatch(watch); });
    }
    void post_rearm(int id) {
        if (executor_)
            asio::post(*executor_, [this, id] { rearm(id); });
    }
    /// libvirt demands a clean stack for its free callbacks, and a callback that is running must
    /// not lose its data.
    void post_free(virFreeCallback free, void* opaque) {
        if (!free)
            return;
        if (executor_)
            asio::post(*executor_, [free, opaque] { free(opaque); });
        else
            unfreed_.emplace_back(free, opaque);
    }

    /// On the loop: waits for what the handle wants and is not waited for yet.
    void rewatch(int watch) {
        const std::lock_guard lock(mutex_);
        const auto found = handles_.find(watch);
        if (found == handles_.end() || !executor_)
            return;
        Handle& handle = found->second;
        if (!handle.descriptor) {
            const int duplicate = ::fcntl(handle.fd, F_DUPFD_CLOEXEC, 0);
            if (duplicate < 0)
                return;
            handle.descriptor = std::make_shared<Descriptor>(*executor_, duplicate);
        }
        // Hang-up and errors end a wait for reading too, so that wait is also the one for "nothing
        // but those".
        if (!handle.waiting_read && !(handle.events & VIR_EVENT_HANDLE_WRITABLE &&
                                      !(handle.events & VIR_EVENT_HANDLE_READABLE)))
            wait(watch, handle, Descriptor::wait_read, &Handle::waiting_read);
        if (!handle.waiting_write && (handle.events & VIR_EVENT_HANDLE_WRITABLE))
            wait(watch, handle, Descriptor::wait_write, &Handle::waiting_write);
    }

    void wait(int watch, Handle& handle, Descriptor::wait_type type, bool Handle::*waiting) {
        handle.*waiting = true;
        handle.descriptor->async_wait(
            type,
            [this, watch, waiting, descriptor = handle.descriptor](boost::system::error_code error
            ) {
                if (!error)
                    ready(watch, waiting, *descriptor);
            }
        );
    }

    /// On the loop: tells libvirt what is really the case now, then waits again.
    void ready(int watch, bool Handle::*waiting, Descriptor& descriptor) {
        virEventHandleCallback callback = nullptr;
        Handle called = {};
        int events = 0;
        {
            const std::lock_guard lock(mutex_);
            const auto found = handles_.find(watch);
            if (found == handles_.end() || found->second.descriptor.get() != &descriptor)
                return;
            found->second.*waiting = false;
            pollfd now = {descriptor.native_handle(), to_poll(found->second.events), 0};
            if (::poll(&now, 1, 0) > 0)
                events = from_poll(now.revents);
            called = found->second;
            callback = events ? called.callback : nullptr;
        }
        if (callback)
            callback(watch, called.fd, events, called.opaque);
        // Wanted nothing of what woke us (data while it does not want to read): wait only once it
        // wants something.
        const std::lock_guard lock(mutex_);
        const auto found = handles_.find(watch);
        if (found != handles_.end() && (events || to_poll(found->second.events)))
            post_rewatch(watch);
    }

    /// On the loop: starts the timeout's period anew, or stops it.
    void rearm(int id) {
        const std::lock_guard lock(mutex_);
        const auto found = timeouts_.find(id);
        if (found == timeouts_.end() || !executor_)
            return;
        Timeout& timeout = found->second;
        if (!timeout.timer)
            timeout.timer = std::make_shared<asio::steady_timer>(*executor_);
        timeout.timer->cancel();
        if (timeout.frequency_ms < 0)
            return;
        timeout.timer->expires_after(std::chrono::milliseconds(timeout.frequency_ms));
        timeout.timer->async_wait([this, id, timer = timeout.timer](boost::system::error_code error
                                  ) {
            if (!error)
                fire(id, timer.get());
        });
    }

    void fire(int id, const asio::steady_timer* timer) {
        virEventTimeoutCallback callback = nullptr;
        void* opaque = nullptr;
        {
            const std::lock_guard lock(mutex_);
            const auto found = timeouts_.find(id);
            // Expired, then switched off or removed before this ran.
            if (found == timeouts_.end() || found->second.timer.get() != timer ||
                found->second.frequency_ms < 0)
                return;
            callback = found->second.callback;
            opaque = found->second.opaque;
        }
        callback(id, opaque);
        const std::lock_guard lock(mutex_);
        const auto found = timeouts_.find(id);
        if (found != timeouts_.end() && found->second.frequency_ms >= 0)
            post_rearm(id);
    }

    std::mutex mutex_;
    std::optional<asio::any_io_executor> executor_;
    std::map<int, Handle> handles_;
    std::map<int, Timeout> timeouts_;
    std::vector<std::pair<virFreeCallback, void*>> unfreed_;
    int next_id_ = 1;
};

/// Never destroyed: libvirt's threads may still call while the process exits.
LibvirtEvents& events() {
    static LibvirtEvents* const instance = new LibvirtEvents;
    return *instance;
}

void register_with_libvirt() {
    virEventRegisterImpl(
        [](int fd, int wanted, virEventHandleCallback callback, void* opaque, virFreeCallback free
        ) { return events().add_handle(fd, wanted, callback, opaque, free); },
        [](int watch, int wanted) { events().update_handle(watch, wanted); },
        [](int watch) { return events().remove_handle(watch); },
        [](int frequency_ms, virEventTimeoutCallback callback, void* opaque, virFreeCallback free) {
            return events().add_timeout(frequency_ms, callback, opaque, free);
        },
        [](int id, int frequency_ms) { events().update_timeout(id, frequency_ms); },
        [](int id) { return events().remove_timeout(id); }
    );
}

}  // namespace

void attach_libvirt_events(asio::any_io_executor executor) {
    static std::once_flag registered;
    std::call_once(registered, register_with_libvirt);
    events().attach(std::move(executor));
}

void detach_libvirt_events() {
    events().detach();
}

}  // namespace rundown::guest
