// A disk (virtio 1.2, 5.2).
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pvh/backend/disk_file.hpp"
#include "pvh/backend/disk_io.hpp"
#include "pvh/virtio/device.hpp"

namespace pvh::virtio {

class Block final : public Device {
 public:
  struct Options {
    std::string name;    ///< for reports: "disk 0"
    std::string serial;  ///< its first 20 bytes are what the guest gets
    unsigned queues = 1;
    bool threads_only = false;  ///< no io_uring
    /// Of the first thing that the host could not do. Called on any thread.
    std::function<void(const Error&)> report = [](const Error&) {};
  };

  Block(backend::DiskFile file, Options options);
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() override;

  [[nodiscard]] std::uint32_t id() const override { return 2; }
  [[nodiscard]] std::uint64_t features() const override;
  [[nodiscard]] unsigned queue_count() const override { return options_.queues; }
  void read_config(std::uint64_t offset, std::span<std::byte> out) override;
  void write_config(std::uint64_t offset, Bytes in) override;

  void settle(const std::function<void()>& confine) override;
  [[nodiscard]] std::vector<int> descriptors() const override;
  void start(Driver& driver) override;
  void stop() override;
  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;
  void pause() override;

 private:
  struct Request;
  enum class Taken : std::uint8_t { kOne, kNothing, kBroken };

  /// Both: how many.
  unsigned finish_transfers();
  [[nodiscard]] std::optional<unsigned> take_requests(unsigned most);
  [[nodiscard]] Taken take_request(unsigned index, Queue& queue, Request& request);
  [[nodiscard]] Request* idle_request();

  // What the request asks for is begun, or answered.
  void perform(Request& request, std::uint32_t type, std::uint64_t sector);
  void read_or_write(Request& request, std::uint64_t sector);
  void tell_serial(Request& request);
  void clear_range(Request& request, bool discard);
  void begin(Request& request);

  void finish_transfer(const backend::Completion& completion);
  void go_on(Request& request, std::uint32_t moved);
  void do_without(Request& request);
  void answer(Request& request, std::uint8_t status);
  void fail(Request& request, const std::string& reason);

  [[nodiscard]] bool fits(std::uint64_t sector, std::uint64_t size) const;
  [[nodiscard]] bool writes_through() const;
  /// Whether the file is shorter than the disk: looked at once for all that is served together.
  [[nodiscard]] bool is_cut();

  backend::DiskFile file_;
  Options options_;
  std::unique_ptr<backend::DiskIo> io_;
  bool submitted_ = true;

  Driver* driver_ = nullptr;
  bool write_back_ = true;
  std::optional<bool> cut_;  ///< what `is_cut` found in this `serve`
  Chain chain_;
  std::vector<std::unique_ptr<Request>> requests_;  ///< by tag; made when first needed
  std::vector<Request*> idle_;
  bool reported_ = false;
};

}  // namespace pvh::virtio
