#include "help.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "options_conform.hpp"

namespace pvh::cli {
namespace {

constexpr std::string_view kProgram =
    R"(pvh boots kernels by the direct boot contract (PVH), and shows how it does so.

  pvh run vmlinuz --initrd initrd.img --append "console=ttyS0"
  pvh inspect vmlinuz              what the file is, and whether it can be booted so
  pvh plan vmlinuz -m 1G           who would lie where in memory, without booting
  pvh extract vmlinuz -o vmlinux   the ELF file inside
  pvh cache list                   what is kept of compressed kernels, to start sooner
  pvh conform producer qemu-q35    what another producer breaks of the contract
  pvh conform consumer vmlinuz     which starts of day a kernel survives

KERNEL and FILE are an ELF file, a bzImage, a unified kernel image, or one of these
compressed by gzip, xz, zstd, lz4, bzip2, lzma or lzo.

`pvh COMMAND --help` lists a command's options, `pvh --version` says which pvh this is.
Exit: 0 done, 1 an error, 2 wrong usage; `pvh run` has more, see its help.
)";

/// Of `run` and `plan` alike.
constexpr std::string_view kMachine =
    R"(  --append TEXT        the command line, in place of a unified image's; repeated: joined by spaces
  --initrd FILE        module 0, in place of a unified image's own initrd
  --module FILE[,TEXT] a further module, with its command line; repeatable (a comma in FILE: ,,)
  -m, --memory SIZE    RAM: a number of MiB, or with K, M, G, T (512M)
  --cpus N             CPUs (1)
  --disk FILE[,ro][,serial=S]
                       a virtio disk, raw; repeatable, the first is /dev/vda (a comma in FILE: ,,)
  --net tap=NAME[,mac=MAC] or user[,mac=MAC][,hostfwd=[udp:][ADDRESS:]PORT-GUESTPORT]...
                       a virtio network card, at a tap or without privileges; repeatable: eth0 first
  --vsock CID          a virtio socket: the guest is CID (3 or more), this host is 2
  --no-rng             no virtio source of random numbers
  --console KIND       what this terminal is in the guest: serial (ttyS0) or virtio (hvc0) (serial)
  --no-acpi            no ACPI tables: the guest finds no virtio device and cannot power off
  --load-address ADDR  put a relocatable kernel's lowest byte there
  --randomize          put it at random within its limits; --seed N repeats a placement
  --memmap TYPE@START+SIZE
                       call that range ram, reserved, acpi, nvs, unusable, disabled, pmem
                       or a number; repeatable, a later one wins
  --start-info-version V  0 or 1 (1); also --version-0
  --max-unpacked SIZE  the most that a compressed file may unpack to (1G)
  --no-cache           unpack a compressed kernel anew, and keep nothing of it
)";

constexpr std::string_view kRunStart =
    R"(pvh run KERNEL [options]: boots a kernel; its serial line is this terminal. Ctrl-A x ends it.

  pvh run vmlinuz --initrd initrd.img --append "console=ttyS0"
  pvh run hello.elf -m 16M --timeout 5
  pvh run vmlinuz --initrd i.img --append "console=ttyS0 root=/dev/vda" --disk root.img,ro

)";

constexpr std::string_view kRunEnd =
    R"(  --engine ENGINE      kvm (this host's processor), qemu (an emulated CPU, anywhere) or auto (auto:
                       kvm where it will run the guest; says which)
  --qemu PATH          which QEMU (qemu-system-x86_64)
  --timeout SECONDS    end it then; fractions allowed
  -q, --quiet          say nothing but errors and the guest's own output
  --no-sandbox         kvm: keep the rights that a run does not need, for a debugger's sake

Exit: 0 power-off or Ctrl-A x, 1 an error, 2 wrong usage, 3 crashed (triple fault, panic),
4 time limit, 5 reboot asked, 128 + N ended by signal N. One line on standard error says which.
)";

constexpr std::string_view kPlanStart =
    R"(pvh plan KERNEL [options]: who would lie where in the guest's memory, without booting.

  pvh plan vmlinuz --initrd initrd.img -m 1G
  pvh plan vmlinux --load-address 0x8000000 --json
  pvh plan vmlinux --memmap reserved@0x4000000+1M --memmap pmem@8G+1G

  --json               the plan as JSON
)";

constexpr std::string_view kPlanEnd =
    R"(
Exit: 0 there is a plan, 1 there is none and why, 2 wrong usage.
)";

constexpr std::string_view kInspect =
    R"(pvh inspect FILE [options]: what a kernel file is, and whether it can be booted by PVH.

  pvh inspect vmlinuz
  pvh inspect --json vmlinux | jq .entry

  --json               as JSON
  --max-unpacked SIZE  the most that a compressed file may unpack to (1G)

Exit: 0 the file is sound (also where it has no entry note and so cannot be booted by PVH),
1 it is broken or no kernel, and where, 2 wrong usage.
)";

constexpr std::string_view kExtract =
    R"(pvh extract FILE [options]: the ELF file inside a kernel file, byte for byte.

  pvh extract vmlinuz -o vmlinux
  pvh extract vmlinuz | readelf -ln /dev/stdin

  -o, --output FILE    where to; without, or with -, standard output if it is no terminal
  -v, --verbose        say on standard error what was written
  --max-unpacked SIZE  the most that a compressed file may unpack to (1G)

FILE appears whole or not at all. Exit: 0 written, 1 an error, 2 wrong usage.
)";

constexpr std::string_view kCache =
    R"(pvh cache ACTION [options]: the unpacked ELF files that `pvh run` and `pvh plan` keep of
compressed kernels, so that the next start need not unpack.

  pvh cache list
  pvh cache clear

  list                 each kernel: size, when it was used last (to the hour), which file it was
  clear                remove all of it
  --json               as JSON: what there is (after clear: what is left)

They lie in $XDG_CACHE_HOME/pvh/kept, else ~/.cache/pvh/kept. PVH_CACHE_SIZE is the most that is
kept (1G; 0: nothing); what was not used for longest goes first.

Exit: 0 done, 1 an error, 2 wrong usage.
)";

}  // namespace

std::string help_for(std::string_view command) {
  if (command == "run") return fmt::format("{}{}{}", kRunStart, kMachine, kRunEnd);
  if (command == "plan") return fmt::format("{}{}{}", kPlanStart, kMachine, kPlanEnd);
  std::string_view text = kProgram;
  if (command == "inspect") text = kInspect;
  if (command == "extract") text = kExtract;
  if (command == "cache") text = kCache;
  if (command == "conform") text = conform_help("");
  return std::string(text);
}

std::string help_for(std::string_view command, std::span<const std::string> words) {
  if (command != "conform") return help_for(command);
  const auto actions = conform_actions();
  const auto action = std::ranges::find_first_of(words, actions);
  return std::string(conform_help(action == words.end() ? std::string_view() : *action));
}

std::string_view version_text() {
  return "pvh " PVH_VERSION "\n";
}

}  // namespace pvh::cli
