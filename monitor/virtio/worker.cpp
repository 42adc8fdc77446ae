#include "pvh/virtio/worker.hpp"

namespace pvh::virtio {

namespace {

/// Only ends a wait: `stopping_` and `state_` say what for.
class Wake final : public system::EventSource {
 public:
  explicit Wake(const system::Event& event) : event_(event) {}
  void prepare(system::Waits& waits) override { waits.on(event_.descriptor(), POLLIN); }
  void serve(system::Ready) override { event_.clear(); }

 private:
  const system::Event& event_;
};

}  // namespace

int Worker::descriptor_error() const {
  if (!event_.valid()) return event_.error();
  for (const Transport* transport : transports_)
    if (const int error = transport->descriptor_error(); error != 0) return error;
  return 0;
}

void Worker::settle(const std::function<void()>& confine) {
  for (Transport* transport : transports_) transport->settle(confine);
  confine();
}

void Worker::join(system::EventLoop& loop) {
  for (Transport* transport : transports_) loop.add(*transport);
}

void Worker::run() {
  Wake wake(event_);
  system::EventLoop loop;
  loop.add(wake);
  join(loop);
  while (!stopping_) {
    loop.turn();
    stand_still();
  }
  stop_devices();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Worker::stand_still() {
  std::unique_lock lock(mutex_);
  if (state_ != State::kPausing) return;
  pause_devices();
  state_ = State::kPaused;
  changed_.notify_all();
  changed_.wait(lock, [this] { return state_ == State::kServing || stopping_; });
  resume_devices();
}

void Worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  event_.signal();
}

void Worker::stop_devices() {
  for (Transport* transport : transports_) transport->stop();
}

void Worker::pause() {
  std::unique_lock lock(mutex_);
  if (ended_ || stopping_) return;
  state_ = State::kPausing;
  event_.signal();
  changed_.wait(lock, [this] { return state_ == State::kPaused || ended_; });
}

void Worker::resume() {
  const std::lock_guard lock(mutex_);
  state_ = State::kServing;
  changed_.notify_all();
}

void Worker::pause_devices() {
  for (Transport* transport : transports_) transport->pause();
}

void Worker::resume_devices() {
  for (Transport* transport : transports_) transport->resume();
}

}  // namespace pvh::virtio
