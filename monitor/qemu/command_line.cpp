#include "command_line.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "pvh/board/board.hpp"

namespace pvh::qemu {

namespace {

/// Physical address bits of the emulated CPU: enough for the last byte of RAM, and never fewer than QEMU's
/// own 40.
int physical_bits(std::uint64_t memory_size) {
  constexpr int kDefault = 40;
  const auto pieces = board::backing(memory_size);
  if (pieces.empty()) return kDefault;
  return std::max(kDefault, static_cast<int>(std::bit_width(pieces.back().range.last().value())));
}

bool is_block_device(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISBLK(status.st_mode);
}

/// Adds the options of one device; `number` is its place among all of them, and its slot's on the board;
/// `descriptor` is what it finds open, where it needs that.
class DeviceOptions {
 public:
  DeviceOptions(std::vector<std::string>& args, std::size_t number, int descriptor)
      : args_(args), number_(number), slot_(board::kFirstVirtioSlot + number), descriptor_(descriptor) {}

  void operator()(const Disk& disk) const {
    // -blockdev, since -drive takes names such as "nbd:host" for more than a file's.
    add("-blockdev",
        fmt::format("driver=raw,node-name={}{},read-only={},discard=unmap,file.driver={},file.filename={}",
                    kDiskNode, number_, disk.read_only ? "on" : "off",
                    is_block_device(disk.path) ? "host_device" : "file", escaped(disk.path)));
    const std::string serial = disk.serial.empty() ? "" : ",serial=" + escaped(disk.serial);
    // By itself QEMU would stop the guest where the host's disk is full.
    add("-device",
        fmt::format("virtio-blk-device,bus=virtio-mmio-bus.{},drive={}{},werror=report,rerror=report{}",
                    slot_, kDiskNode, number_, serial));
  }

  void operator()(const Net& net) const {
    // Without vhost: an emulated CPU is slower than either.
    add("-netdev", fmt::format("tap,id=net{},fd={},vhost=off", number_, descriptor_));
    add("-device",
        fmt::format("virtio-net-device,bus=virtio-mmio-bus.{},netdev=net{},mac={}", slot_, number_, net.mac));
  }

  void operator()(const StreamNet& net) const {
    add("-netdev", fmt::format("socket,id=net{},fd={}", number_, descriptor_));
    add("-device", fmt::format("virtio-net-device,bus=virtio-mmio-bus.{},netdev=net{},mac={},host_mtu={}",
                               slot_, number_, net.mac, net.mtu));
  }

  void operator()(const Socket& socket) const {
    add("-device", fmt::format("vhost-vsock-device,bus=virtio-mmio-bus.{},guest-cid={},vhostfd={}", slot_,
                               socket.cid, descriptor_));
  }

  void operator()(const Entropy&) const {
    add("-object", fmt::format("rng-builtin,id=rng{}", number_));
    add("-device", fmt::format("virtio-rng-device,bus=virtio-mmio-bus.{},rng=rng{}", slot_, number_));
  }

  void operator()(const Console&) const {
    add("-device",
        fmt::format("virtio-serial-device,bus=virtio-mmio-bus.{},id=console{},max_ports=1", slot_, number_));
    add("-device", fmt::format("virtconsole,bus=console{}.0,nr=0,chardev=serial", number_));
  }

 private:
  void add(std::string option, std::string value) const {
    args_.push_back(std::move(option));
    args_.push_back(std::move(value));
  }

  std::vector<std::string>& args_;
  std::size_t number_;
  std::size_t slot_;
  int descriptor_;
};

/// What a device has open on the host; nothing where QEMU opens it itself.
std::optional<int> descriptor_of(const Device& device) {
  if (const auto* net = std::get_if<Net>(&device)) return net->tap;
  if (const auto* net = std::get_if<StreamNet>(&device)) return net->stream;
  if (const auto* socket = std::get_if<Socket>(&device)) return socket->end;
  return std::nullopt;
}

}  // namespace

Result<void> check_limits(std::uint64_t memory_size, const Options& options) {
  if (memory_size > kMaxMemory)
    return std::unexpected(
        Error{.what = Fault::kTooMuchMemory, .found = Size{memory_size}, .wanted = Size{kMaxMemory}});
  if (options.cpus > kMaxCpus)
    return std::unexpected(Error{.what = Fault::kTooManyCpus,
                                 .found = std::uint64_t{options.cpus},
                                 .wanted = std::uint64_t{kMaxCpus}});
  if (options.devices.size() > board::kMaxVirtioDevices)
    return std::unexpected(Error{.what = Fault::kTooManyVirtioDevices,
                                 .found = std::uint64_t{options.devices.size()},
                                 .wanted = std::uint64_t{board::kMaxVirtioDevices}});
  return {};
}

std::string escaped(std::string_view value) {
  std::string out;
  for (const char character : value) {
    out.push_back(character);
    if (character == ',') out.push_back(',');
  }
  return out;
}

std::vector<int> descriptors_of(const std::vector<Device>& devices) {
  std::vector<int> out;
  for (const Device& device : devices)
    if (const auto descriptor = descriptor_of(device)) out.push_back(*descriptor);
  return out;
}

std::vector<std::string> command_line(std::uint64_t memory_size, const Options& options) {
  std::vector<std::string> args{options.binary, "-nodefaults", "-no-user-config", "-display", "none"};
  const auto add = [&args](std::string option, std::string value) {
    args.push_back(std::move(option));
    args.push_back(std::move(value));
  };
  // The board (board.hpp). acpi=on brings the generic event device; its tables lie where nobody looks: ours
  // are what the guest is told of.
  add("-machine", "microvm,acpi=on,pit=on,pic=on,rtc=on,isa-serial=on,ioapic2=on,memory-backend=ram");
  // One thread and no TSC, or one Linux in a hundred does not come up (docs/decisions.md); RDRAND, so that it
  // does not wait for entropy.
  add("-accel", "tcg,thread=single");
  add("-cpu", fmt::format("qemu64,-tsc,+rdrand,phys-bits={}", physical_bits(memory_size)));
  add("-smp", fmt::format("{}", options.cpus));
  // Memory and ROM are ours. QEMU opens what it inherited once more.
  add("-object", fmt::format("memory-backend-file,id=ram,size={},mem-path=/proc/self/fd/{},share=on",
                             memory_size, static_cast<int>(kMemoryFile)));
  add("-bios", fmt::format("/proc/self/fd/{}", static_cast<int>(kRomFile)));
  // The guest's serial line is QEMU's standard input and output, two pipes of ours.
  add("-chardev", "stdio,id=serial,signal=off");
  const bool has_console = std::ranges::any_of(
      options.devices, [](const Device& device) { return std::holds_alternative<Console>(device); });
  add("-serial", has_console ? "null" : "chardev:serial");
  // Control: stopped until we say `cont`, and after the guest's end until we say `quit`.
  add("-chardev", fmt::format("socket,id=control,fd={}", static_cast<int>(kControl)));
  add("-mon", "chardev=control,mode=control");
  args.insert(args.end(), {"-S", "-no-reboot", "-no-shutdown"});
  add("-device", fmt::format("pvpanic,ioport={:#x}", board::kPanicPort));
  // A triple fault and a reset are one event to QEMU's control, but two to its log.
  add("-d", "cpu_reset");
  add("-D", fmt::format("/proc/self/fd/{}", static_cast<int>(kLog)));
  if (!options.devices.empty()) add("-global", "virtio-mmio.force-legacy=false");
  int descriptor = kFirstDevices;
  for (std::size_t i = 0; i < options.devices.size(); ++i) {
    const Device& device = options.devices[i];
    std::visit(DeviceOptions(args, i, descriptor), device);
    if (descriptor_of(device)) ++descriptor;
  }
  return args;
}

}  // namespace pvh::qemu
