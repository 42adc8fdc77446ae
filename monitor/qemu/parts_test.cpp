// The parts of the engine that need no QEMU.
#include <gmock/gmock.h>

#include <array>
#include <string>

#include "command_line.hpp"
#include "control.hpp"
#include "registers.hpp"
#include "rom.hpp"

namespace pvh::qemu {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(CommandLine, GivesDevicesTheBoardsSlotsInOrder) {
  Options options;
  options.devices = {Disk{.path = "a"}, Disk{.path = "b", .read_only = true, .serial = "s,1"}, Entropy{}};
  const auto args = command_line(16 * kMiB, options);
  EXPECT_THAT(args,
              Contains("virtio-blk-device,bus=virtio-mmio-bus.1,drive=disk0,werror=report,rerror=report"));
  EXPECT_THAT(
      args,
      Contains(
          "virtio-blk-device,bus=virtio-mmio-bus.2,drive=disk1,werror=report,rerror=report,serial=s,,1"));
  EXPECT_THAT(
      args,
      Contains("driver=raw,node-name=disk1,read-only=on,discard=unmap,file.driver=file,file.filename=b"));
  EXPECT_THAT(args, Contains("virtio-rng-device,bus=virtio-mmio-bus.3,rng=rng2"));
}

TEST(CommandLine, NamesWhatDevicesInherit) {
  Options options;
  options.devices = {Disk{.path = "a"}, Net{.tap = 50, .mac = "02:00:5e:10:00:01"},
                     Net{.tap = 60, .mac = "02:00:5e:10:00:02"}, Socket{.end = 70, .cid = 42},
                     StreamNet{.stream = 80, .mtu = 65520, .mac = "02:00:5e:10:00:04"}};
  EXPECT_EQ(descriptors_of(options.devices), (std::vector{50, 60, 70, 80}));
  const auto args = command_line(16 * kMiB, options);
  EXPECT_THAT(args, Contains("socket,id=net4,fd=10"));
  EXPECT_THAT(args, Contains("tap,id=net1,fd=7,vhost=off"));
  EXPECT_THAT(args, Contains("virtio-net-device,bus=virtio-mmio-bus.2,netdev=net1,mac=02:00:5e:10:00:01"));
  EXPECT_THAT(args, Contains("tap,id=net2,fd=8,vhost=off"));
  EXPECT_THAT(args, Contains("vhost-vsock-device,bus=virtio-mmio-bus.4,guest-cid=42,vhostfd=9"));
}

TEST(CommandLine, GivesTheTerminalToOneConsole) {
  Options options;
  EXPECT_THAT(command_line(16 * kMiB, options), Contains("chardev:serial"));
  options.devices = {Console{}};
  const auto args = command_line(16 * kMiB, options);
  EXPECT_THAT(args, ::testing::Not(Contains("chardev:serial")));
  EXPECT_THAT(args, Contains("virtconsole,bus=console0.0,nr=0,chardev=serial"));
}

TEST(CommandLine, AFileNamesCommasAreNoOptions) {
  Options options;
  options.devices = {Disk{.path = "x,read-only=on,y"}};
  EXPECT_THAT(command_line(16 * kMiB, options), Contains(HasSubstr("file.filename=x,,read-only=on,,y")));
}

TEST(CommandLine, WidensTheCpusAddressesForMuchMemory) {
  EXPECT_THAT(command_line(kTiB - kGiB, {}), Contains(HasSubstr("phys-bits=40")));
  EXPECT_THAT(command_line(kTiB, {}), Contains(HasSubstr("phys-bits=41")));
}

TEST(CheckLimits, RefusesMoreThanTheMachineHas) {
  EXPECT_EQ(check_limits(16 * kTiB + kPageSize, {}).error().what, Fault::kTooMuchMemory);
  Options options;
  options.cpus = 255;
  EXPECT_TRUE(check_limits(16 * kMiB, options));
  options.cpus = 256;
  EXPECT_EQ(check_limits(16 * kMiB, options).error().what, Fault::kTooManyCpus);
  options.cpus = 1;
  options.devices.resize(24);
  EXPECT_EQ(check_limits(16 * kMiB, options).error().what, Fault::kTooManyVirtioDevices);
}

TEST(ParseMessage, KnowsTheGreetingEventsAndReplies) {
  const auto greeting = parse_message(
      R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}})");
  ASSERT_TRUE(greeting && greeting->greeting);
  EXPECT_EQ(greeting->greeting->major, 7);
  EXPECT_EQ(greeting->greeting->minor, 2);
  const auto event =
      parse_message(R"({"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->event, "SHUTDOWN");
  EXPECT_EQ(event->reason, "guest-reset");
  const auto failed = parse_message(
      R"({"event": "BLOCK_IO_ERROR", "data": {"device": "", "node-name": "disk1", "reason": "Input/output error", "operation": "read", "action": "report"}})");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->node, "disk1");
  EXPECT_EQ(failed->reason, "Input/output error");
  EXPECT_TRUE(failed->reads);
  const auto reply = parse_message(R"({"return": "EAX=0\r\n", "id": "registers"})");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->reply_to, "registers");
  EXPECT_EQ(reply->text, "EAX=0\r\n");
}

TEST(ParseMessage, SurvivesWhatIsNoneOfThese) {
  for (const char* line : {"", "{", "[1]", "null", "\xff", "{\"QMP\":"})
    EXPECT_FALSE(parse_message(line)) << line;
  for (const char* line :
       {"{}", R"({"QMP":1})", R"({"event":7,"data":"x"})", R"({"return":{}})", R"({"id":[]})"}) {
    const auto message = parse_message(line);
    ASSERT_TRUE(message) << line;
    EXPECT_TRUE(message->event.empty() && message->reply_to.empty() && !message->greeting);
  }
}

TEST(ReadableRegisters, LeaveOutWhatIsNotAskedForAndCpusThatSleep) {
  const std::string text = readable_registers(
      "\r\nCPU#0\r\nEAX=1\r\nEIP=2 EFL=2 HLT=0\r\nDR0=0\r\nXMM00=0\r\n\r\nCPU#1\r\nEAX=9\r\nEIP=3 HLT=1\r\n",
      "00100000: 0x0f\r\n");
  EXPECT_EQ(text, "CPU#0\nEAX=1\nEIP=2 EFL=2 HLT=0");
}

TEST(ReadableRegisters, ShowTheCodeWhereThereIsOneCpu) {
  EXPECT_EQ(readable_registers("EAX=1\r\n", "00100000: 0x0f\r\n"), "EAX=1\ncode 00100000: 0x0f");
  EXPECT_EQ(readable_registers("", ""), "");
}

TEST(Rom, IsSixtyFourKilobytesAndJumpsAtTheResetVector) {
  const auto image = rom(boot::entry_state(GuestAddress{0x100000}, GuestAddress{0x9000}));
  ASSERT_EQ(image.size(), 64 * kKiB);
  const auto first = image[image.size() - 16];
  EXPECT_TRUE(first == std::byte{0xe9} || first == std::byte{0xeb});
}

TEST(Rom, HoldsTheEntryAndTheStartInfoOnceEach) {
  const auto a = rom(boot::entry_state(GuestAddress{0x11111111}, GuestAddress{0x22222222}));
  const auto b = rom(boot::entry_state(GuestAddress{0x33333333}, GuestAddress{0x44444444}));
  std::size_t differing = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differing += a[i] != b[i] ? 1U : 0U;
  EXPECT_EQ(differing, 8U);
}

}  // namespace
}  // namespace pvh::qemu
