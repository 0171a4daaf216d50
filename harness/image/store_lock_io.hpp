// SPDX-License-Identifier: MIT
// image/store_lock_io.hpp
//
// Locks of the store: flock(2), so that whoever dies lets go of them.
#pragma once

#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "image/store.hpp"

namespace rundown::image {

/// How long a lock is waited for that others hold for a moment: a listing looks at each.
inline constexpr Milliseconds kLookPatience{500};

enum class LockMode {
    shared,
    alone,
};

/// Locks a file that is there, waiting `patience`. An empty lock: somebody else holds it. Error:
/// environment (the file cannot be opened).
result<FileLock> lock_file(const std::string& path, LockMode mode, Milliseconds patience);

/// The same; makes the file first.
result<FileLock> lock_new_file(const std::string& path, LockMode mode, Milliseconds patience);

/// An image's lock for its remover or replacer; "it was not `done`" completes the sentence when a
/// run holds it (environment).
result<FileLock> lock_idle_image(
    const std::string& path, const std::string& name, const char* done
);

/// The store's own lock, held while names come and go.
result<FileLock> lock_store(const std::string& directory);

}  // namespace rundown::image
