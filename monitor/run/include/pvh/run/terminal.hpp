// A terminal in raw mode, and back again whatever happens.
#pragma once

#include <termios.h>

namespace pvh::run {

/// While it lives and is active, keys go to the guest one by one, Ctrl-C included. Does nothing where `fd` is
/// no terminal. At most one at a time.
class Terminal {
 public:
  explicit Terminal(int fd);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  /// Whether it may be read: false for a terminal that another job has in the foreground.
  [[nodiscard]] bool is_ours() const;

  /// Raw mode, where this process is in the foreground.
  void enter();
  /// As it was found, unless another job has it now.
  void leave();
  /// After a stop of this process that it may not have seen coming (SIGSTOP): raw again, where it was so.
  void resume();
  /// It is to be raw, but another job has it: nobody tells us when we come to the foreground.
  [[nodiscard]] bool is_waiting() const { return is_terminal_ && !raw_; }

 private:
  void forget();

  int fd_;
  bool is_terminal_ = false;
  bool raw_ = false;
  termios found_{};
  termios wanted_{};
};

}  // namespace pvh::run
