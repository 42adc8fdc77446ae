// A machine that can stand still.
#pragma once

namespace pvh::run {

/// The one seam by which a running machine is paused: for a stop of this process, a debugger, a snapshot.
class Pausable {
 public:
  virtual ~Pausable() = default;
  /// Returns once every vCPU stands outside the guest and every device is quiet: nothing touches guest memory
  /// any more, and no byte on its way between guest and host is lost. On the thread that serves the user.
  virtual void pause() = 0;
  /// Goes on where `pause` stopped.
  virtual void resume() = 0;
};

}  // namespace pvh::run
