// SPDX-License-Identifier: MIT
// integration/support/jumping_clock.cpp
//
// A library to be preloaded: the wall clock jumps an hour forth and back at each look. Nothing that
// waits may notice; what stamps files and records may.
#include <dlfcn.h>
#include <sys/time.h>

#include <atomic>
#include <ctime>

namespace {

constexpr time_t kJumpSeconds = 3600;

time_t jump() {
    static std::atomic<unsigned> looks{0};
    return looks++ % 2 == 0 ? kJumpSeconds : -kJumpSeconds;
}

template <class Function>
Function* original(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
    static const auto real = original<int(clockid_t, timespec*)>("clock_gettime");
    const int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += jump();
    }
    return result;
}

extern "C" int gettimeofday(timeval* now, void* zone) noexcept {
    static const auto real = original<int(timeval*, void*)>("gettimeofday");
    const int result = real(now, zone);
    if (result == 0) {
        now->tv_sec += jump();
    }
    return result;
}

extern "C" time_t time(time_t* out) noexcept {
    static const auto real = original<time_t(time_t*)>("time");
    const time_t now = real(nullptr) + jump();
    if (out != nullptr) {
        *out = now;
    }
    return now;
}
