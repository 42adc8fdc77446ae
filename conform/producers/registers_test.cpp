#include "registers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace pvh::runners {
namespace {

TEST(Registers, AreReadAsQemusMonitorShowsThem) {
  conform::Capture capture;
  ASSERT_TRUE(add_registers(capture,
                            "EAX=2badb002 EBX=000f31e0 ECX=00000000 EDX=00000000\n"
                            "EIP=00100000 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\n"
                            "ES =0010 00000000 ffffffff 00cf9300 DPL=0 DS   [-WA]\n"
                            "CS =0008 00000000 ffffffff 00cf9b00 DPL=0 CS32 [-RA]\n"
                            "TR =0000 00000000 0000ffff 00008b00 DPL=0 TSS32-busy\n"
                            "CR0=00000011 CR2=00000000 CR3=00000000 CR4=00000000\nEFER=0000000000000000\n"));
  EXPECT_EQ(capture.registers["eax"], 0x2badb002U);
  EXPECT_EQ(capture.registers["cr0"], 0x11U);
  EXPECT_EQ(capture.segments["cs"].attributes, 0xc09bU);
  EXPECT_EQ(capture.segments["tr"].limit, 0xffffU);
}

TEST(Registers, AreReadAsXensToolShowsThem) {
  // As xen-hvmctx 4.17 prints it, shortened.
  conform::Capture capture;
  ASSERT_TRUE(add_registers(capture,
                            "HVM save record for domain 2\n"
                            "Entry 0: type 1 instance 0, length 24\n"
                            "    CPU:    rax 0x0000000000000007     rbx 0x0000000000101000\n"
                            "            rip 0x0000000000100000  rflags 0x0000000000000002\n"
                            "            cr0 0x0000000000000011     cr2 0x0000000000000000\n"
                            "            cr3 0x0000000000000000     cr4 0x0000000000000020\n"
                            "             cs   0000 (          00000000 + 0xffffffff /  0x0c9b)\n"
                            "             es   0000 (          00000000 + 0xffffffff /  0x0c93)\n"
                            "             tr   0000 (          00000000 +     0x0067 /  0x008b)\n"
                            "           idtr        (          00000000 +       0000)\n"
                            "    sysenter cs 0x00000000  eip 0x0000000000000000  esp 0x0000000000000000\n"
                            "      shadow gs   0000000000000000   efer           00000000\n"));
  EXPECT_EQ(capture.registers["eax"], 7U);
  EXPECT_EQ(capture.registers["eflags"], 2U);
  EXPECT_EQ(capture.registers["cr0"], 0x11U);
  EXPECT_EQ(capture.registers["cr4"], 0x20U);
  EXPECT_EQ(capture.registers["efer"], 0U);
  EXPECT_EQ(capture.segments["cs"].limit, 0xffffffffU);
  EXPECT_EQ(capture.segments["cs"].attributes, 0xc09bU);
  EXPECT_EQ(capture.segments["tr"].limit, 0x67U);
  EXPECT_EQ(capture.segments["tr"].attributes, 0x8bU);
}

TEST(Registers, OfNobodyAreNone) {
  conform::Capture capture;
  EXPECT_FALSE(add_registers(capture, "HVM save record for domain 2\nCPU: none ( + / 0x\n"));
  EXPECT_FALSE(add_registers(capture, ""));
}

/// What QEMU prints while `words` are typed, shortened, and its answer.
std::string edited(std::string_view words, std::string_view answer) {
  return std::string(words.substr(0, 1)) + "\x1b[K\x1b[D" + std::string(words) + "\x1b[K\r\n" +
         std::string(answer) + "(qemu) ";
}

TEST(RegisterTalk, AsksOneThingAtATime) {
  const Talk talk = ask_registers();
  std::string output = "QEMU 7.2 monitor - type 'help' for more information\r\n(qemu) ";
  EXPECT_EQ(talk(output), "info status\n");
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(talk(output), "") << "not answered";
  output += "i\x1b[K";
  EXPECT_EQ(talk(output), "");
  output += edited("info status", "VM status: paused (shutdown)\r\n");
  EXPECT_EQ(talk(output), "info registers\n");
  EXPECT_EQ(talk(output), "");
  output += edited("info registers", "TR =0000 00000000 0000ffff 00008b00\r\nCR0=00000011\r\nEFER=0000\r\n");
  EXPECT_EQ(talk(output), "quit\n");
  EXPECT_EQ(talk(output), "");
}

TEST(RegisterTalk, AsksAgainWhereTheGuestStillRunsOrDoesNotRunYet) {
  for (const char* const status : {"running", "paused (prelaunch)"}) {
    const Talk talk = ask_registers();
    EXPECT_EQ(talk("(qemu) "), "info status\n");
    const std::string output =
        "(qemu) " + edited("info status", std::string("VM status: ") + status + "\r\n");
    std::string words;
    for (int i = 0; i < 1000 && words.empty(); ++i) {
      words = talk(output);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(words, "info status\n") << status;
  }
}

}  // namespace
}  // namespace pvh::runners
