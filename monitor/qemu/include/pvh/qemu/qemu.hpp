// Lab 1 as an engine: QEMU is the CPU and the devices; memory, start info, tables and boot ROM are ours.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/run/guest.hpp"
#include "pvh/run/outcome.hpp"

namespace pvh::qemu {

/// Told once of each disk that fails while the guest runs; the guest is told of each failure.
using ReportDisk = std::function<void(std::size_t number, const Error& error)>;

struct Disk {
  std::string path;
  bool read_only = false;
  std::string serial = {};
};

/// A network card at a tap of the host's, which the caller has opened.
struct Net {
  int tap;
  std::string mac;
};

/// A network card whose frames go through a stream, each behind its length; the caller has connected it.
struct StreamNet {
  int stream;
  std::uint16_t mtu;
  std::string mac;
};

/// Sockets between host and guest; the caller has opened the host's end.
struct Socket {
  int end;
  std::uint32_t cid;
};

/// Random bytes from the host.
struct Entropy {};

/// The user's terminal; the serial line then leads nowhere.
struct Console {};

using Device = std::variant<Disk, Net, StreamNet, Socket, Entropy, Console>;

struct Options {
  std::string binary = "qemu-system-x86_64";  ///< searched in PATH where it has no slash
  std::uint32_t cpus = 1;
  std::vector<Device> devices = {};  ///< the board's virtio devices, in that order
  ReportDisk report_disk = {};
};

/// A run in the same steps as our own monitor's (kvm::Start). QEMU itself starts with `run`: it needs the
/// plan.
class Start {
 public:
  [[nodiscard]] static Start begin(Options options) { return Start(std::move(options)); }

  /// The devices of a machine that has some. The descriptors in them stay open until `run` has ended.
  void attach(std::vector<Device> devices, ReportDisk report);

  /// Runs `guest`, planned for a board with an interval timer, until it or something else ends it. Leaves no
  /// process, file or changed terminal behind.
  [[nodiscard]] Result<run::Outcome> run(const run::Guest& guest, const run::Options& options) &&;

 private:
  explicit Start(Options options) : options_(std::move(options)) {}

  Options options_;
};

}  // namespace pvh::qemu
