// The guest's serial line at the user's terminal: output that waits where the user is slow, keys on their way
// to the guest, and the keys that are for us.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "pvh/base/bytes.hpp"
#include "pvh/run/escape_filter.hpp"
#include "pvh/run/terminal.hpp"
#include "pvh/system/byte_queue.hpp"
#include "pvh/system/event_loop.hpp"
#include "pvh/system/stream.hpp"

namespace pvh::run {

class Console {
 public:
  /// Takes the user's descriptors, which stay the caller's. A terminal becomes raw until this ends; only
  /// there do Ctrl-A's keys mean something, elsewhere every byte is the guest's.
  Console(int input, int output)
      : terminal_(input),
        input_(input, system::Direction::kInput),
        output_(output, system::Direction::kOutput) {}

  /// The guest's output: how much is taken now, and the taking of it (at most that much). It is written at
  /// once as far as the user takes it, later for the rest.
  [[nodiscard]] std::size_t room() const { return to_user_.room(); }
  void print(Bytes output);
  [[nodiscard]] bool printed() const { return to_user_.empty() || output_.ended(); }
  /// Nobody reads the output any more, or the host takes no more of it; and errno's reason.
  [[nodiscard]] bool unread() const { return output_.ended(); }
  [[nodiscard]] int unread_reason() const { return output_.reason(); }

  /// What was typed for the guest, and the forgetting of what it has got.
  [[nodiscard]] Bytes typed() const { return to_guest_.pending(); }
  void delivered(std::size_t count) { to_guest_.consume(count); }
  /// Ctrl-A x.
  [[nodiscard]] bool end_asked() const { return end_asked_; }

  /// Its part in the supervisor's: waits for kWaits descriptors, and also looks now and then whether it has
  /// the terminal again, where another job has it.
  static constexpr std::size_t kWaits = 2;
  void prepare(system::Waits& waits);
  void serve(system::Ready ready);

  /// What it reads and writes; -1 for what has ended.
  [[nodiscard]] std::array<int, kWaits> descriptors() const {
    return {input_.descriptor(), output_.descriptor()};
  }

  /// Around a stop of the whole process (SIGTSTP, SIGCONT).
  void suspend() { terminal_.leave(); }
  void resume() { terminal_.resume(); }

 private:
  void read_keys();
  void write_output();

  static constexpr std::size_t kQueueSize = 64 * 1024;

  Terminal terminal_;
  system::Stream input_;
  system::Stream output_;
  EscapeFilter escape_;
  system::ByteQueue to_user_{kQueueSize};
  system::ByteQueue to_guest_{kQueueSize};
  bool end_asked_ = false;
};

}  // namespace pvh::run
