// SPDX-License-Identifier: MIT
#include "integration/support/evidence_watch.hpp"

#include <filesystem>
#include <thread>

#include "integration/support/program.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kBetweenLooks = 1ms;  // Some phases are short.
constexpr auto kPatience = 30s;

/// <out>/<invocation>/<run>, where the run is not the accelerator's proof.
std::string run_directory(const std::string& out) {
    std::error_code none;
    const fs::directory_iterator invocation(out, none);
    if (none || invocation == fs::directory_iterator()) {
        return {};
    }
    for (fs::directory_iterator run(invocation->path(), none);
         !none && run != fs::directory_iterator();
         run.increment(none)) {
        if (run->is_directory(none) && run->path().filename() != "accelerator") {
            return run->path().string();
        }
    }
    return {};
}

template <class Look>
bool await(Look look) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!look()) {
        if (std::chrono::steady_clock::now() >= until) {
            return false;
        }
        std::this_thread::sleep_for(kBetweenLooks);
    }
    return true;
}

}  // namespace

std::string await_run_directory(const std::string& out) {
    std::string directory;
    await([&] { return !(directory = run_directory(out)).empty(); });
    return directory;
}

bool await_word(const std::string& out, const std::string& file, const std::string& word) {
    const std::string path = await_run_directory(out) + "/" + file;
    return await([&] { return contents_of(path).find(word) != std::string::npos; });
}

std::vector<std::string> files_of_run(const std::string& out) {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(run_directory(out), none)) {
        names.push_back(entry.path().filename().string());
    }
    return names;
}

}  // namespace rundown::integration
