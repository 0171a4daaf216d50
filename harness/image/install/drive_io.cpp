// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "image/install/drive_io.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>

#include "base/file_io.hpp"
#include "image/install/lines.hpp"

namespace rundown::image {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds kLookTime{10000};  // For QEMU to answer a question.
constexpr Milliseconds kPictureTime{15000};
constexpr Milliseconds kStopTime{10000};
constexpr Milliseconds kHelloTry{20000};  // The agent is asked anew after it.
constexpr unsigned kVainLooksMax = 6;     // QEMU that does not answer is as good as dead.

/// A name for a file out of a phase's.
std::string file_name(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        name.push_back(plain ? c : '-');
    }
    return name;
}

class Drive {
  public:
    Drive(asio::any_io_executor loop, InstallJob& job, StopRequest& stop)
        : loop_(loop),
          job_(job),
          stop_(stop),
          progress_(job.phases, job.slowness, job.look_every),
          wake_(loop),
          joined_(loop) {}

    asio::awaitable<InstallOutcome> run();

  private:
    asio::awaitable<result<void>> run_machine(std::size_t number);
    asio::awaitable<void> watch_machine();
    asio::awaitable<void> look();
    asio::awaitable<void> look_at_screen();
    asio::awaitable<void> keep_screens();
    asio::awaitable<void> press_keys();
    asio::awaitable<void> wait(Milliseconds time);
    asio::awaitable<void> listen(InstallMachine::Stream& stream, unsigned port);
    asio::awaitable<void> answer(std::string text);
    asio::awaitable<void> speak_to_agent();
    asio::awaitable<void> settle();
    asio::awaitable<void> join();

    void tell(InstallEventKind kind, unsigned port = 0, std::string text = {}, Error error = {});
    void perform(const InstallAction& action);
    void on_machine_event(const MachineEvent& event);
    void spawn(asio::awaitable<void> task);
    void finish(const Error& error);
    bool machine_over() const { return machine_over_ || error_ || stop_.requested(); }

    asio::any_io_executor loop_;
    InstallJob& job_;
    StopRequest& stop_;
    InstallProgress progress_;
    std::unique_ptr<InstallMachine> machine_;
    std::unique_ptr<rpc::Client> client_;
    asio::steady_timer wake_;    // Of watch_machine().
    asio::steady_timer joined_;  // Cancelled when a task ends.
    std::deque<std::string> pictures_wanted_;
    std::deque<std::string> answers_;
    std::array<LogFile, 2> logs_;
    std::vector<std::string> pictures_;
    std::optional<Error> error_;
    std::optional<Screen> last_screen_;
    TimePoint last_look_at_screen_;
    TimePoint machine_began_;
    TimePoint last_life_;  // Disk write or line.
    TimePoint last_key_;
    std::uint64_t bytes_written_ = 0;  // By this machine.
    std::uint64_t bytes_before_ = 0;   // By those before it.
    unsigned vain_looks_ = 0;
    std::size_t phases_told_ = 0;
    unsigned tasks_ = 0;
    bool machine_over_ = false;
    bool keys_wanted_ = false;  // See InstallKeys.
    bool agent_expected_ = false;
    bool answering_ = false;
};

asio::awaitable<InstallOutcome> Drive::run() {
    stop_.on_request([this] { wake_.cancel(); });
    for (std::size_t port = 0; port < logs_.size(); ++port) {
        const auto opened = logs_[port].open(fmt::format("{}/com{}.log", job_.directory, port + 1));
        if (!opened) {
            finish(opened.error());
        }
    }
    for (std::size_t number = 0; !progress_.over() && !error_; ++number) {
        const auto ran = co_await run_machine(number);
        if (!ran) {
            finish(ran.error());
        }
    }
    stop_.on_request({});
    InstallOutcome outcome;
    outcome.times = progress_.times();
    outcome.notes = progress_.notes();
    outcome.pictures = pictures_;
    outcome.error = error_;
    if (progress_.failure() && !outcome.error) {
        outcome.error = progress_.failure()->error;
        outcome.culprit = progress_.failure()->culprit;
        outcome.last_lines = progress_.failure()->last_lines;
    }
    co_return outcome;
}

asio::awaitable<result<void>> Drive::run_machine(std::size_t number) {
    auto made = co_await job_.next_machine(number);
    if (!made) {
        co_return made.error();
    }
    machine_ = std::move(*made);
    machine_over_ = agent_expected_ = false;
    bytes_before_ += std::exchange(bytes_written_, 0);
    machine_began_ = Clock::now();
    keys_wanted_ = number == 0;
    vain_looks_ = 0;
    last_screen_.reset();
    answers_.clear();
    tell(InstallEventKind::machine_started);
    machine_->on_event([this](const MachineEvent& event) { on_machine_event(event); });
    if (!agent_expected_) {
        spawn(listen(machine_->com1(), 1));
    }
    if (auto* com2 = machine_->com2()) {
        spawn(listen(*com2, 2));
    }
    co_await watch_machine();
    // What was under way with it ends with it.
    machine_over_ = true;
    machine_->on_event({});
    if (client_) {
        client_->close();
    }
    const Deadline patience = Deadline::in(kStopTime, "the machine to stop");
    const auto stopped = co_await machine_->stop(patience);
    boost::system::error_code ignored;
    machine_->com1().close(ignored);
    if (auto* com2 = machine_->com2()) {
        com2->close(ignored);
    }
    co_await join();
    client_.reset();
    machine_.reset();
    if (stop_.requested()) {
        finish(fail(ErrorKind::cancelled, "stopped by " + stop_.how()));
    }
    co_return stopped;
}

asio::awaitable<void> Drive::watch_machine() {
    while (!machine_over()) {
        co_await wait(job_.look_every);
        co_await keep_screens();
        if (machine_over()) {
            break;
        }
        co_await look();
        co_await press_keys();
        co_await look_at_screen();
        if (!machine_over()) {
            tell(InstallEventKind::tick);
        }
    }
    if (!stop_.requested()) {
        co_await keep_screens();
    }
}

asio::awaitable<void> Drive::look() {
    const Deadline patience = Deadline::in(kLookTime, "the count of bytes written");
    const auto written = co_await machine_->bytes_written(patience);
    if (machine_over()) {
        co_return;
    }
    if (!written) {
        if (++vain_looks_ >= kVainLooksMax) {
            tell(InstallEventKind::died, 0, {}, written.error());
        }
        co_return;
    }
    vain_looks_ = 0;
    if (*written > bytes_written_) {
        bytes_written_ = *written;
        tell(InstallEventKind::disk_written);
    }
}

asio::awaitable<void> Drive::look_at_screen() {
    if (machine_over() || Clock::now() - last_look_at_screen_ < job_.screen_every) {
        co_return;
    }
    last_look_at_screen_ = Clock::now();
    const Deadline patience = Deadline::in(kLookTime, "the screen");
    auto screen = co_await machine_->screen(patience);
    // No picture is no sign of life; whether QEMU answers at all is look()'s to find out.
    if (!screen || machine_over()) {
        co_return;
    }
    if (!last_screen_ || differs(*last_screen_, *screen)) {
        tell(InstallEventKind::screen_changed);
        last_screen_ = std::move(*screen);
    }
}

asio::awaitable<void> Drive::keep_screens() {
    while (!pictures_wanted_.empty()) {
        const std::string path = fmt::format(
            "{}/screen-{:02}-{}.png",
            job_.directory,
            pictures_.size() + 1,
            file_name(pictures_wanted_.front())
        );
        pictures_wanted_.pop_front();
        const Deadline patience = Deadline::in(kPictureTime, "a picture of the screen");
        const auto kept = co_await machine_->keep_screen(path, patience);
        if (kept) {
            pictures_.push_back(path);
        }
    }
}

asio::awaitable<void> Drive::wait(Milliseconds time) {
    if (!pictures_wanted_.empty()) {
        co_return;
    }
    wake_.expires_after(time);
    co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> Drive::listen(InstallMachine::Stream& stream, unsigned port) {
    LineSplitter lines;
    std::array<char, 4096> buffer;
    for (;;) {
        const auto [error, count] = co_await stream.async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable)
        );
        if (error) {
            break;
        }
        const std::string_view bytes(buffer.data(), count);
        logs_.at(port - 1).append(bytes);
        for (auto& line : lines.feed(bytes)) {
            const auto kind = line.prompt ? InstallEventKind::prompt : InstallEventKind::line;
            tell(kind, port, std::move(line.text));
        }
        if (port == 1 && agent_expected_) {
            break;
        }
    }
    if (port == 1 && agent_expected_ && !machine_over()) {
        spawn(speak_to_agent());
    }
}

asio::awaitable<void> Drive::press_keys() {
    const auto now = Clock::now();
    const auto age = now - machine_began_;
    if (!job_.keys || !keys_wanted_ || machine_over() || age < job_.keys->from ||
        now - last_key_ < job_.keys->every) {
        co_return;
    }
    if (bytes_before_ + bytes_written_ > 0 || age > job_.keys->until) {
        keys_wanted_ = false;  // It boots from the CD, or never will by this.
        co_return;
    }
    last_key_ = now;
    const Deadline patience = Deadline::in(kLookTime, "a key to be pressed");
    // In vain is no harm: whether QEMU answers at all is look()'s to find out.
    static_cast<void>(co_await machine_->press_key(job_.keys->key, patience));
}

/// Answers of the debugger's prompts go to COM2 one after the other.
asio::awaitable<void> Drive::answer(std::string text) {
    answers_.push_back(std::move(text));
    auto* com2 = machine_->com2();
    if (answering_ || !com2) {
        co_return;
    }
    answering_ = true;
    while (!answers_.empty()) {
        const std::string next = std::move(answers_.front());
        answers_.pop_front();
        co_await asio::async_write(*com2, asio::buffer(next), asio::as_tuple(asio::use_awaitable));
    }
    answering_ = false;
}

asio::awaitable<void> Drive::speak_to_agent() {
    rpc::ClientOptions options;
    options.log_file = job_.directory + "/rpc.log";
    client_ = std::make_unique<rpc::Client>(std::move(machine_->com1()), options);
    while (!machine_over()) {
        const Deadline patience = Deadline::in(kHelloTry, "the agent's hello");
        const auto hello = co_await client_->open(patience);
        if (machine_over()) {
            co_return;
        }
        if (hello) {
            tell(InstallEventKind::hello);
            co_await settle();
            if (machine_over()) {
                co_return;
            }
            const auto done = co_await job_.on_hello(*client_, *hello);
            if (!done && !machine_over()) {
                finish(in_context("while " + progress_.phase().name, done.error()));
            }
            co_return;
        }
        if (hello.error().kind == ErrorKind::protocol) {
            finish(hello.error());
            co_return;
        }
        // A guest that resets keeps its line; one whose line is lost has ended, which is told.
        if (hello.error().kind == ErrorKind::lost_contact) {
            asio::steady_timer pause(loop_, job_.look_every);
            co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }
}

asio::awaitable<void> Drive::settle() {
    const TimePoint began = Clock::now();
    last_life_ = began;
    while (!machine_over()) {
        const auto now = Clock::now();
        if (now - last_life_ >= job_.settle_quiet || now - began >= job_.settle_max) {
            co_return;
        }
        asio::steady_timer pause(loop_, job_.look_every);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

void Drive::tell(InstallEventKind kind, unsigned port, std::string text, Error error) {
    InstallEvent event;
    event.kind = kind;
    event.now = Clock::now();
    event.port = port;
    event.text = std::move(text);
    event.error = std::move(error);
    if (kind == InstallEventKind::disk_written || kind == InstallEventKind::line) {
        last_life_ = event.now;
    }
    for (const auto& action : progress_.on_event(event)) {
        perform(action);
    }
    while (phases_told_ < progress_.times().size()) {
        const auto& phase = progress_.times()[phases_told_++];
        if (job_.phase_over) {
            job_.phase_over(phase);
        }
    }
}

void Drive::perform(const InstallAction& action) {
    switch (action.kind) {
        case InstallActionKind::none:
            break;
        case InstallActionKind::show:
            job_.show(fmt::format(
                "[{}/{}] {}; {} MiB written",
                progress_.phase_number() + 1,
                job_.phases.size(),
                action.text,
                (bytes_before_ + bytes_written_) >> 20
            ));
            break;
        case InstallActionKind::keep_screen:
            pictures_wanted_.push_back(action.text);
            wake_.cancel();
            break;
        case InstallActionKind::answer:
            if (action.port == 2) {
                spawn(answer(action.text));
            }
            break;
        case InstallActionKind::await_hello:
            agent_expected_ = true;
            if (tasks_ == 0) {  // Nobody listens to COM1 yet.
                spawn(speak_to_agent());
            } else {
                machine_->com1().cancel();
            }
            break;
        case InstallActionKind::next_machine:
        case InstallActionKind::give_up:
        case InstallActionKind::done:
            machine_over_ = true;
            wake_.cancel();
            break;
    }
}

void Drive::on_machine_event(const MachineEvent& event) {
    switch (event.kind) {
        case MachineEventKind::reset:
            keys_wanted_ = false;
            tell(InstallEventKind::reset);
            break;
        case MachineEventKind::powered_off:
            tell(InstallEventKind::powered_off);
            break;
        case MachineEventKind::panicked:
            tell(InstallEventKind::panicked, 0, event.text);
            break;
        case MachineEventKind::died:
            tell(InstallEventKind::died, 0, {}, event.error);
            break;
    }
}

void Drive::spawn(asio::awaitable<void> task) {
    ++tasks_;
    asio::co_spawn(loop_, std::move(task), [this](std::exception_ptr thrown) {
        --tasks_;
        joined_.cancel();
        if (thrown) {
            finish(fail(ErrorKind::internal, "a task of the installation threw"));
        }
    });
}

asio::awaitable<void> Drive::join() {
    while (tasks_ > 0) {
        joined_.expires_at(TimePoint::max());
        co_await joined_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

/// The first error counts.
void Drive::finish(const Error& error) {
    if (!error_) {
        error_ = error;
    }
    wake_.cancel();
}

}  // namespace

asio::awaitable<InstallOutcome> drive_installation(InstallJob& job, StopRequest& stop) {
    if (!is_well_formed(job.phases)) {
        InstallOutcome outcome;
        outcome.error = fail(ErrorKind::internal, "the recipe's phases make no sense");
        co_return outcome;
    }
    const auto loop = co_await asio::this_coro::executor;
    // On the heap: tasks of it are on the loop.
    const auto drive = std::make_unique<Drive>(loop, job, stop);
    co_return co_await drive->run();
}

}  // namespace rundown::image
