// SPDX-License-Identifier: MIT
// Media by MediaImage, built things by the file system.
#include "image/windows/media_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>

#include "image/calendar_io.hpp"
#include "image/windows/no_prompt.hpp"
#include "image/windows/wim.hpp"

namespace rundown::image::windows {
namespace {

constexpr std::size_t kFilesMax = 50000;
constexpr int kDepthMax = 12;
constexpr std::uint64_t kBootImageMax = 8 << 20;
constexpr std::int64_t kCertificateDaysMin = 30;
constexpr std::uint64_t kCertificateMax = 64 << 10;

result<void> collect(
    const MediaImage& medium, const std::string& folder, int depth, std::vector<std::string>& files
) {
    const auto entries = medium.list(folder);
    if (!entries) {
        return entries.error();
    }
    for (const auto& entry : *entries) {
        const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
        if (entry.directory && depth < kDepthMax) {
            RUNDOWN_TRY(collect(medium, path, depth + 1, files));
        } else if (!entry.directory && files.size() < kFilesMax) {
            files.push_back(path);
        } else {
            return fail(
                ErrorKind::environment,
                fmt::format(
                    "{} has more files or deeper folders than any medium we know", medium.path()
                )
            );
        }
    }
    return {};
}

/// Reads bytes of an ISO file as they stand in it.
IsoReader reader_of(const std::string& path) {
    return [path](std::uint64_t offset, std::size_t bytes) -> result<std::string> {
        std::ifstream file(path, std::ios::binary);
        std::string out(bytes, '\0');
        file.seekg(static_cast<std::streamoff>(offset));
        if (!file.read(out.data(), static_cast<std::streamsize>(bytes))) {
            return fail(
                ErrorKind::environment,
                fmt::format("cannot read {} bytes at {} of {}", bytes, offset, path)
            );
        }
        return out;
    };
}

result<std::vector<IsoWrite>> no_prompt_of(const MediaImage& medium) {
    if (!medium.has_file(std::string(kAskingImage)) ||
        !medium.has_file(std::string(kSilentImage))) {
        return std::vector<IsoWrite>{};
    }
    const auto asking = medium.read_file(std::string(kAskingImage), kBootImageMax);
    if (!asking) {
        return asking.error();
    }
    const auto silent = medium.read_file(std::string(kSilentImage), kBootImageMax);
    if (!silent) {
        return silent.error();
    }
    return plan_no_prompt(reader_of(medium.path()), medium.bytes(), *asking, *silent);
}

result<void> read_virtio(const std::string& path, WindowsMedia& media) {
    if (path.empty()) {
        return {};
    }
    const auto medium = MediaImage::open(path);
    if (!medium) {
        return medium.error();
    }
    auto files = all_files(**medium);
    if (!files) {
        return files.error();
    }
    media.virtio_iso = path;
    media.virtio_files = std::move(*files);
    return {};
}

BuiltPackage package_in(const std::filesystem::path& folder) {
    BuiltPackage package;
    package.name = folder.filename();
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (!entry.is_regular_file(error)) {
            continue;
        }
        package.files.push_back(entry.path());
        if (entry.path().extension() == ".inf") {
            package.inf = entry.path().filename();
        }
    }
    std::sort(package.files.begin(), package.files.end());
    return package;
}

BuiltForArch built_for(const std::filesystem::path& assets, const std::string& arch) {
    BuiltForArch built;
    std::error_code error;
    const auto agent = assets / ("drivers-" + arch) / "rundown-agent.exe";
    if (std::filesystem::is_regular_file(agent, error)) {
        built.agent = agent;
    }
    for (const auto& entry :
         std::filesystem::directory_iterator(assets / "packages" / arch, error)) {
        if (entry.is_directory(error)) {
            auto package = package_in(entry.path());
            if (!package.inf.empty()) {
                built.packages.push_back(std::move(package));
            }
        }
    }
    std::sort(built.packages.begin(), built.packages.end(), [](const auto& a, const auto& b) {
        return a.name < b.name;
    });
    return built;
}

}  // namespace

result<std::vector<std::string>> all_files(const MediaImage& medium) {
    std::vector<std::string> files;
    RUNDOWN_TRY(collect(medium, "", 0, files));
    return files;
}

result<std::vector<WimImage>> read_wim(const MediaImage& medium, const std::string& path) {
    const std::string name = fmt::format("{} of {}", path, medium.path());
    const auto file = medium.open_file(path);
    if (!file) {
        return file.error();
    }
    std::string header(std::min<std::uint64_t>(kWimHeaderBytes, file->bytes()), '\0');
    RUNDOWN_TRY(file->read(0, std::span<char>(header)));
    const auto place = wim_xml_place(header, file->bytes(), name);
    if (!place) {
        return place.error();
    }
    std::string xml(place->bytes, '\0');
    RUNDOWN_TRY(file->read(place->offset, std::span<char>(xml)));
    return parse_wim_xml(xml, name);
}

result<WindowsMedia> read_windows_media(const std::string& iso, const std::string& virtio_iso) {
    WindowsMedia media;
    const auto medium = MediaImage::open(iso);
    if (!medium) {
        return medium.error();
    }
    auto info = inspect_media(**medium);
    if (!info) {
        return info.error();
    }
    media.medium = std::move(*info);
    if (media.medium.style == InstallerStyle::answer_xml) {
        auto images = read_wim(**medium, media.medium.install_file);
        if (!images) {
            return images.error();
        }
        media.images = std::move(*images);
        auto writes = no_prompt_of(**medium);
        if (!writes) {
            return writes.error();
        }
        media.no_prompt = std::move(*writes);
    }
    RUNDOWN_TRY(read_virtio(virtio_iso, media));
    return media;
}

WindowsRequest read_built_things(const BuildRequest& ask, const std::string& assets) {
    WindowsRequest request;
    request.ask = ask;
    request.now = utc_now();
    request.soon = utc_now(kCertificateDaysMin);
    request.built_i386 = built_for(assets, "i386");
    request.built_x64 = built_for(assets, "x64");
    request.certificate_file = std::filesystem::path(assets) / "packages" / "rundown-test.cer";
    std::error_code error;
    const auto bytes = std::filesystem::file_size(request.certificate_file, error);
    if (!error && bytes <= kCertificateMax) {
        std::ifstream file(request.certificate_file, std::ios::binary);
        request.certificate_der.assign(std::istreambuf_iterator<char>(file), {});
    }
    return request;
}

}  // namespace rundown::image::windows
