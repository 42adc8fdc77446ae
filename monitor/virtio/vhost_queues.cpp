#include "pvh/virtio/vhost_queues.hpp"

#include <vector>

namespace pvh::virtio {

bool hand_over_queues(backend::Vhost& vhost, Driver& driver) {
  std::vector<QueuePlace> places;
  for (unsigned i = 0; i < vhost.queue_count(); ++i) {
    const Queue* const queue = driver.queue(i);
    if (queue == nullptr) return false;
    places.push_back(queue->place());
  }
  return vhost.configure(driver.features(), driver.memory().pieces(), places, driver.interrupt_descriptor());
}

}  // namespace pvh::virtio
