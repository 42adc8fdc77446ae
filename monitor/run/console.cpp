#include "pvh/run/console.hpp"

#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace pvh::run {

namespace {

/// How soon a run is noticed to have come to the foreground.
constexpr std::chrono::milliseconds kTerminalLook{200};

constexpr std::string_view kHelp =
    "\r\nCtrl-A x: end the run; Ctrl-A Ctrl-A: send Ctrl-A; Ctrl-A h: this help\r\n";

}  // namespace

void Console::prepare(system::Waits& waits) {
  terminal_.enter();  // where a shell's `fg` has brought us to the foreground since
  // A person may want to end a guest that takes no keys; who sends a file waits.
  const bool listen = terminal_.is_terminal() ? terminal_.is_ours() : to_guest_.room() > 0;
  waits.on(listen ? input_.descriptor() : -1, POLLIN);
  // Without something to write, a closed reader would wake us again and again.
  waits.on(to_user_.empty() ? -1 : output_.descriptor(), POLLOUT);
  if (terminal_.is_waiting()) waits.until(system::Waits::Clock::now() + kTerminalLook);
}

void Console::serve(system::Ready ready) {
  if (ready[0].revents != 0) read_keys();
  if (ready[1].revents != 0) write_output();
}

void Console::print(Bytes output) {
  const bool others_wait = !to_user_.empty();
  to_user_.append(output);
  if (!others_wait) write_output();
}

void Console::read_keys() {
  std::array<std::byte, 4096> keys;
  if (!terminal_.is_terminal()) {
    const std::size_t count = input_.read(std::span(keys).first(std::min(keys.size(), to_guest_.room())));
    to_guest_.append(std::span(keys).first(count));
    return;
  }
  const std::size_t count = input_.read(keys);
  for (const std::byte key : std::span(keys).first(count)) {
    const auto sorted = escape_.sort(key);
    // What finds no room is lost, as at any terminal.
    if (sorted.to_guest) to_guest_.append(std::span(&*sorted.to_guest, 1));
    if (sorted.command == EscapeFilter::Command::kEnd) end_asked_ = true;
    if (sorted.command == EscapeFilter::Command::kHelp)
      print(as_bytes(kHelp));  // waits its turn: a terminal may not read
  }
}

void Console::write_output() {
  to_user_.consume(output_.write(to_user_.pending()));
}

}  // namespace pvh::run
