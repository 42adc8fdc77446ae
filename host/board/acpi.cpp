#include "pvh/board/acpi.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>

#include "dsdt.hpp"
#include "pvh/base/bytes.hpp"

namespace pvh::board {

namespace {

using Table = std::vector<std::byte>;

constexpr std::uint64_t kTableAlignment = 64;  // what the FACS wants; it does no harm to the others
constexpr std::size_t kLengthOffset = 4;
constexpr std::size_t kChecksumOffset = 9;
constexpr std::size_t kRsdpSize = 36;
constexpr std::size_t kRsdpFirstSize = 20;  // what its first checksum is over
constexpr std::size_t kRsdpFirstChecksumOffset = 8;
constexpr std::size_t kRsdpChecksumOffset = 32;
constexpr std::size_t kFacsSize = 64;

/// What ACPI hardware reports by SCI. Nothing drives it here, but Linux wants an ISA interrupt of its own.
constexpr std::uint8_t kSciInterrupt = 10;
constexpr std::uint8_t kTimerInterruptPin = 2;

// PM1 events: status in the first half, enable bits in the second.
constexpr std::uint8_t kPm1EventSize = 4;
constexpr std::uint8_t kPm1ControlSize = 2;

constexpr std::uint32_t kFirstX2Apic = 255;  // 255 means "all" where an id has 8 bits

void append_text(Table& out, std::string_view text) {
  for (const std::byte character : as_bytes(text)) out.push_back(character);
}

void append_u8(Table& out, std::uint8_t value) {
  append_le(out, value);
}

void append_zeros(Table& out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) append_u8(out, 0);
}

/// The byte that makes all of `bytes` sum to zero.
std::byte checksum(Bytes bytes) {
  const auto sum = std::accumulate(bytes.begin(), bytes.end(), 0U, [](unsigned so_far, std::byte byte) {
    return so_far + std::to_integer<unsigned>(byte);
  });
  return static_cast<std::byte>(0x100U - (sum & 0xffU));
}

void append_table_header(Table& out, std::string_view signature, std::uint8_t revision) {
  append_text(out, signature);
  append_le(out, std::uint32_t{0});  // length, by finish()
  append_u8(out, revision);
  append_u8(out, 0);  // checksum, by finish()
  append_text(out, "PVH   ");
  append_text(out, "PVHBOARD");
  append_le(out, std::uint32_t{1});  // of the table
  append_text(out, "PVH ");          // who made it
  append_le(out, std::uint32_t{1});
}

Table finish(Table table) {
  for (std::size_t i = 0; i < sizeof(std::uint32_t); ++i)
    table[kLengthOffset + i] = static_cast<std::byte>(table.size() >> 8 * i & 0xffU);
  table[kChecksumOffset] = checksum(table);
  return table;
}

enum class Space : std::uint8_t { kMemory = 0 };

struct Register {
  GuestAddress address;
  std::uint8_t bytes;
};

void append_register(Table& out, const Register& reg) {
  constexpr std::uint8_t kAccess[] = {0, 1, 2, 0, 3};  // by bytes; 0 for none
  append_u8(out, static_cast<std::uint8_t>(Space::kMemory));
  append_u8(out, static_cast<std::uint8_t>(reg.bytes * 8));
  append_u8(out, 0);  // bit offset
  append_u8(out, kAccess[reg.bytes]);
  append_le(out, reg.address.value());
}

void append_no_register(Table& out) {
  append_zeros(out, 12);
}

/// Where what the FADT names lies.
struct FadtNames {
  GuestAddress dsdt;
  GuestAddress facs;  ///< as `pm1_events`, only where the machine has an interval timer
  GuestAddress pm1_events;
};

/// With an interval timer the machine says that it has ACPI's fixed hardware: a kernel that is told
/// "hardware-reduced" drops the timer and the PICs too, and then knows no clock that it could measure the TSC
/// by (docs/decisions.md).
Table fadt(bool fixed_hardware, const FadtNames& names) {
  constexpr std::uint16_t kLegacyDevices = 1U << 0U;
  constexpr std::uint16_t kNoVga = 1U << 2U;
  constexpr std::uint32_t kWbinvd = 1U << 0U;
  constexpr std::uint32_t kC1OnAllCpus = 1U << 2U;
  constexpr std::uint32_t kNoFixedPowerButton = 1U << 4U;
  constexpr std::uint32_t kNoFixedSleepButton = 1U << 5U;
  constexpr std::uint32_t kRtcWakeNotFixed = 1U << 6U;
  constexpr std::uint32_t kResetRegisterWorks = 1U << 10U;
  constexpr std::uint32_t kHardwareReduced = 1U << 20U;
  constexpr std::uint32_t kEither =
      kWbinvd | kC1OnAllCpus | kNoFixedPowerButton | kNoFixedSleepButton | kResetRegisterWorks;
  constexpr std::uint16_t kNoC2 = 101;   // a latency above 100 microseconds
  constexpr std::uint16_t kNoC3 = 1001;  // above 1000

  Table out;
  append_table_header(out, "FACP", 6);
  append_le(out, static_cast<std::uint32_t>(names.facs.value()));
  append_le(out, static_cast<std::uint32_t>(names.dsdt.value()));
  append_u8(out, 0);  // 44: reserved
  append_u8(out, 0);  // 45: profile: unspecified
  append_le(out, std::uint16_t{fixed_hardware ? kSciInterrupt : std::uint8_t{0}});
  append_le(out, std::uint32_t{0});                      // 48: SMI command port: none, so always in ACPI mode
  append_zeros(out, 4);                                  // 52: what would be written there
  append_zeros(out, 32);                                 // 56: the blocks as I/O ports: none
  append_u8(out, fixed_hardware ? kPm1EventSize : 0);    // 88
  append_u8(out, fixed_hardware ? kPm1ControlSize : 0);  // 89
  append_zeros(out, 6);   // 90: PM2, PM timer, GPE blocks, C-state control: none
  append_le(out, kNoC2);  // 96
  append_le(out, kNoC3);  // 98
  append_zeros(out, 8);   // 100: cache flush by reading, duty cycle, RTC alarm
  append_u8(out, 0);      // 108: RTC century: none
  append_le(out, static_cast<std::uint16_t>(kLegacyDevices | kNoVga));
  append_u8(out, 0);  // 111: reserved
  append_le(out, kEither | (fixed_hardware ? kRtcWakeNotFixed : kHardwareReduced));
  append_register(out, {kResetRegister, 1});  // 116
  append_u8(out, kResetValue);                // 128
  append_le(out, std::uint16_t{0});           // 129: ARM
  append_u8(out, 0);                          // 131: minor version
  append_le(out, std::uint64_t{0});           // 132: the FACS by 64 bits: not both
  append_le(out, names.dsdt.value());         // 140
  if (fixed_hardware) {
    append_register(out, {names.pm1_events, kPm1EventSize});  // 148: PM1a events
    append_no_register(out);                                  // 160: PM1b events
    append_register(out, {kPm1Control, kPm1ControlSize});     // 172: PM1a control
  } else {
    append_zeros(out, std::size_t{3} * 12);
  }
  append_zeros(out, std::size_t{5} * 12);    // 184: PM1b control, PM2, PM timer, GPE0, GPE1: none
  append_register(out, {kSleepControl, 1});  // 244
  append_register(out, {kSleepStatus, 1});   // 256
  append_zeros(out, 8);                      // 268: hypervisor's identity: none
  return finish(std::move(out));
}

void append_io_apic(Table& out, std::uint8_t id, GuestAddress address, std::uint32_t first_interrupt) {
  append_u8(out, 1);
  append_u8(out, 12);
  append_u8(out, id);
  append_u8(out, 0);
  append_le(out, static_cast<std::uint32_t>(address.value()));
  append_le(out, first_interrupt);
}

constexpr std::uint16_t kAsTheBusDoes = 0;
constexpr std::uint16_t kEdgeActiveHigh = 1U | 1U << 2U;
constexpr std::uint16_t kLevelActiveHigh = 1U | 3U << 2U;

void append_override(Table& out, std::uint8_t isa_interrupt, std::uint32_t goes_to, std::uint16_t flags) {
  append_u8(out, 2);
  append_u8(out, 10);
  append_u8(out, 0);  // bus: ISA
  append_u8(out, isa_interrupt);
  append_le(out, goes_to);
  append_le(out, flags);
}

void append_cpu(Table& out, std::uint32_t id) {
  constexpr std::uint32_t kEnabled = 1;
  if (id < kFirstX2Apic) {
    append_u8(out, 0);
    append_u8(out, 8);
    append_u8(out, static_cast<std::uint8_t>(id));  // ACPI's number …
    append_u8(out, static_cast<std::uint8_t>(id));  // … and the APIC's
    append_le(out, kEnabled);
    return;
  }
  append_u8(out, 9);
  append_u8(out, 16);
  append_le(out, std::uint16_t{0});
  append_le(out, id);
  append_le(out, kEnabled);
  append_le(out, id);
}

/// NMI arrives at every CPU's LINT1.
void append_nmi(Table& out, bool x2apic) {
  constexpr std::uint8_t kLint1 = 1;
  append_u8(out, x2apic ? 0x0a : 4);
  append_u8(out, x2apic ? 12 : 6);
  if (!x2apic) append_u8(out, 0xff);  // all CPUs
  append_le(out, kAsTheBusDoes);
  if (x2apic) append_le(out, std::uint32_t{0xffffffff});
  append_u8(out, kLint1);
  if (x2apic) append_zeros(out, 3);
}

Table madt(const Board& board) {
  constexpr std::uint32_t kHasPics = 1;
  Table out;
  append_table_header(out, "APIC", 5);
  append_le(out, static_cast<std::uint32_t>(kLocalApicAddress.value()));
  append_le(out, board.interval_timer ? kHasPics : 0);
  for (std::uint32_t id = 0; id < board.cpus; ++id) append_cpu(out, id);
  append_io_apic(out, 0, kIoApicAddress, 0);
  append_io_apic(out, 1, kSecondIoApicAddress, kSecondIoApicBase);
  if (board.interval_timer) append_override(out, 0, kTimerInterruptPin, kAsTheBusDoes);
  append_override(out, kEventDeviceInterrupt, kEventDeviceInterrupt, kEdgeActiveHigh);
  if (board.interval_timer) append_override(out, kSciInterrupt, kSciInterrupt, kLevelActiveHigh);
  append_nmi(out, false);
  if (board.cpus > kFirstX2Apic) append_nmi(out, true);
  return finish(std::move(out));
}

Table dsdt(const Board& board) {
  Table out;
  append_table_header(out, "DSDT", 2);  // 2: integers have 64 bits
  const aml::Code code = dsdt_code(board);
  out.insert(out.end(), code.begin(), code.end());
  return finish(std::move(out));
}

Table facs() {
  Table out;
  append_text(out, "FACS");
  append_le(out, static_cast<std::uint32_t>(kFacsSize));
  append_zeros(out, 24);  // hardware signature, waking vector, global lock, flags, 64-bit waking vector
  append_u8(out, 2);      // version
  append_zeros(out, kFacsSize - out.size());
  return out;
}

Table xsdt(std::initializer_list<GuestAddress> tables) {
  Table out;
  append_table_header(out, "XSDT", 1);
  for (const GuestAddress table : tables) append_le(out, table.value());
  return finish(std::move(out));
}

Table rsdp(GuestAddress xsdt_address) {
  Table out;
  append_text(out, "RSD PTR ");
  append_u8(out, 0);  // checksum of the first 20 bytes
  append_text(out, "PVH   ");
  append_u8(out, 2);
  append_le(out, std::uint32_t{0});  // no RSDT: a table of 32-bit addresses
  append_le(out, static_cast<std::uint32_t>(kRsdpSize));
  append_le(out, xsdt_address.value());
  append_zeros(out, 4);  // checksum of all, and reserved bytes
  out[kRsdpFirstChecksumOffset] = checksum(Bytes(out).first(kRsdpFirstSize));
  out[kRsdpChecksumOffset] = checksum(out);
  return out;
}

/// The tables' place while it is filled.
class Area {
 public:
  GuestAddress append(const Table& table) {
    bytes_.resize((bytes_.size() + kTableAlignment - 1) / kTableAlignment * kTableAlignment);
    const GuestAddress at{kAcpiStart.value() + bytes_.size()};
    bytes_.insert(bytes_.end(), table.begin(), table.end());
    return at;
  }

  void overwrite_start(const Table& table) { std::ranges::copy(table, bytes_.begin()); }

  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

Result<AcpiTables> acpi_tables(const Board& board) {
  if (board.cpus == 0 || board.cpus > kMaxCpus)
    return std::unexpected(Error{.what = Fault::kCpuCount,
                                 .found = std::uint64_t{board.cpus},
                                 .wanted = "1 to " + std::to_string(kMaxCpus)});
  if (board.virtio_devices > kMaxVirtioDevices)
    return std::unexpected(Error{.what = Fault::kTooManyVirtioDevices,
                                 .found = std::uint64_t{board.virtio_devices},
                                 .wanted = std::uint64_t{kMaxVirtioDevices}});

  Area area;
  // The RSDP leads, where a kernel that scans meets it first. It is written last: it names what follows.
  const GuestAddress rsdp_address = area.append(Table(kRsdpSize));
  FadtNames names{.dsdt = area.append(dsdt(board)), .facs = {}, .pm1_events = {}};
  if (board.interval_timer) {
    names.facs = area.append(facs());
    names.pm1_events = area.append(Table(kPm1EventSize));
  }
  const GuestAddress fadt_address = area.append(fadt(board.interval_timer, names));
  const GuestAddress madt_address = area.append(madt(board));
  area.overwrite_start(rsdp(area.append(xsdt({fadt_address, madt_address}))));
  return AcpiTables{.range = GuestRange::from_size(kAcpiStart, kAcpiSize).value(),
                    .bytes = area.take(),
                    .rsdp = rsdp_address};
}

}  // namespace pvh::board
