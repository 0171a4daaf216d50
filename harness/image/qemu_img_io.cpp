// SPDX-License-Identifier: MIT
#include "image/qemu_img_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <filesystem>

#include "base/file_io.hpp"
#include "image/program_io.hpp"

namespace rundown::image {
namespace {

namespace json = boost::json;

result<void> qemu_img(std::vector<std::string> arguments, Deadline deadline, const Watch& watch) {
    ProgramRun run;
    run.arguments = std::move(arguments);
    run.arguments.insert(run.arguments.begin(), "qemu-img");
    run.cancelled = watch.cancelled;
    RUNDOWN_TRY(run_program_well(run, deadline));
    return {};
}

std::uint64_t count_of(const json::value& report, const char* member) {
    const auto* object = report.if_object();
    const auto* value = object != nullptr ? object->if_contains(member) : nullptr;
    boost::system::error_code error;
    return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>(error) : 0;
}

}  // namespace

result<Qcow2Header> read_qcow2_header(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cannot_read(path, errno);
    }
    std::string bytes(kQcow2HeaderBytes, '\0');
    const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
    const int error_number = errno;
    ::close(fd);
    if (got < 0) {
        return cannot_read(path, error_number);
    }
    bytes.resize(static_cast<std::size_t>(got));
    return parse_qcow2_header(bytes, path);
}

result<void> create_disk(const std::string& path, std::uint64_t bytes, Deadline deadline) {
    return qemu_img({"create", "-q", "-f", "qcow2", path, std::to_string(bytes)}, deadline, {});
}

result<void> create_overlay(const std::string& base, const std::string& path, Deadline deadline) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(base, error).string();
    return qemu_img(
        {"create", "-q", "-f", "qcow2", "-b", absolute, "-F", "qcow2", path}, deadline, {}
    );
}

result<void> convert_disk(
    const std::string& from,
    const std::string& format,
    const std::string& to,
    bool compressed,
    Deadline deadline,
    const Watch& watch
) {
    std::vector<std::string> arguments = {"convert", "-q", "-f", format, "-O", "qcow2"};
    if (compressed) {
        arguments.push_back("-c");
    }
    arguments.push_back(from);
    arguments.push_back(to);
    return qemu_img(std::move(arguments), deadline, watch);
}

result<std::string> check_disk(const std::string& path, Deadline deadline, const Watch& watch) {
    ProgramRun run;
    run.arguments = {"qemu-img", "check", "--output=json", "-f", "qcow2", path};
    run.cancelled = watch.cancelled;
    const auto end = run_program(run, deadline);
    if (!end) {
        return end.error();
    }
    if (end->exit_code == 0) {
        return std::string();
    }
    boost::system::error_code error;
    const auto report = json::parse(end->output, error);
    const auto corruptions = error ? 0 : count_of(report, "corruptions");
    const auto leaks = error ? 0 : count_of(report, "leaks");
    if (corruptions != 0 || leaks != 0) {
        return fmt::format(
            "{}: {} damaged and {} lost clusters, says qemu-img check", path, corruptions, leaks
        );
    }
    const std::string complaint = end->errors.substr(0, end->errors.find('\n'));
    return fmt::format(
        "{}: qemu-img check ended with code {}: {}", path, end->exit_code, complaint
    );
}

}  // namespace rundown::image
