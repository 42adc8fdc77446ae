#include "pvh/run/panic_watch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace pvh::run {
namespace {

using namespace std::chrono_literals;

constexpr PanicWatch::Clock::time_point kNow{1000s};
constexpr std::string_view kPanicLine =
    "[    1.5] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0\r\n";
constexpr std::string_view kEndLine =
    "[    1.6] ---[ end Kernel panic - not syncing: Attempted to kill init! exitcode=0x0 ]---\r\n";

PanicWatch after(std::initializer_list<std::string_view> outputs) {
  PanicWatch watch;
  for (const auto output : outputs) watch.feed(as_bytes(output), kNow);
  return watch;
}

TEST(PanicWatch, QuotesWhatTheKernelSaid) {
  const auto watch = after({kPanicLine});
  EXPECT_EQ(watch.panic(), "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0");
  EXPECT_FALSE(watch.stopped_at()) << "it may still reboot by itself";
}

TEST(PanicWatch, CountsAGuestAsStoppedWhenSilenceFollowsTheLastLine) {
  EXPECT_EQ(after({kPanicLine, kEndLine}).stopped_at(), kNow + PanicWatch::kSilence);
}

TEST(PanicWatch, KnowsAnExceptionThatComesTooEarlyForAPanic) {
  const auto watch =
      after({"[    0.000000] kernel BUG at lib/string_helpers.c:1040!\r\n",
             "PANIC: early exception 0x06 IP 10:ffffffff8172d73d error 0 cr2 0xffff888003c00000\r\n",
             "[    0.000000] CPU: 0 UID: 0 PID: 0 Comm: swapper\r\n", "[    0.000000]  </TASK>\r\n"});
  EXPECT_EQ(watch.panic(),
            "PANIC: early exception 0x06 IP 10:ffffffff8172d73d error 0 cr2 0xffff888003c00000");
  EXPECT_EQ(watch.stopped_at(), kNow + PanicWatch::kSilence);
  EXPECT_FALSE(after({"PANIC: early exception 0x06\r\n", "~ # "}).stopped_at());
  EXPECT_FALSE(after({"log: PANIC: early exception 0x06\r\n"}).stopped_at());
}

TEST(PanicWatch, LaterKernelLinesPutItOff) {
  auto watch = after({kPanicLine, kEndLine});
  watch.feed(as_bytes("[    2.0] rcu: INFO: rcu_sched self-detected stall\n"), kNow + 1s);
  EXPECT_EQ(watch.stopped_at(), kNow + 1s + PanicWatch::kSilence);
}

TEST(PanicWatch, SomeoneWhoReadsAnOldLogGoesOn) {
  for (const std::string_view prompt : {"# ", "~ # ", "[root@box ~]# ", "login: ", "some line\n", "<html>"}) {
    const auto watch = after({kPanicLine, kEndLine, prompt});
    EXPECT_FALSE(watch.stopped_at()) << prompt;
    EXPECT_FALSE(watch.panic()) << prompt;
  }
}

TEST(PanicWatch, APromptThatComesInPiecesCountsToo) {
  EXPECT_FALSE(after({kPanicLine, kEndLine, "[", "root@box ~]# "}).stopped_at());
}

TEST(PanicWatch, SeesThroughColoursAndLogLevels) {
  const auto watch =
      after({"\x1b[1;31m<0>[    1.5] Kernel panic - not syncing: VFS\x1b[0m\r\n",
             "\x1b[1m[    1.6] ---[ end Kernel panic - not syncing: VFS ]---\x1b[0m\r\n\x1b[0m"});
  EXPECT_EQ(watch.panic(), "Kernel panic - not syncing: VFS");
  EXPECT_TRUE(watch.stopped_at());
}

TEST(PanicWatch, AssemblesLinesThatComeByteByByte) {
  PanicWatch watch;
  for (const std::string_view text : {kPanicLine, kEndLine})
    for (const char& character : text) watch.feed(as_bytes({&character, 1}), kNow);
  EXPECT_TRUE(watch.stopped_at());
}

TEST(PanicWatch, AnOrderlyRestartAfterAnOldLogIsNoPanic) {
  EXPECT_FALSE(after({kPanicLine, "# reboot\r\n", "[    9.0] reboot: Restarting system\r\n"}).panic());
}

TEST(PanicWatch, APanicLongAgoIsForgotten) {
  auto watch = after({kPanicLine});
  const std::string line = "[   10.0] all is well\n";
  for (int i = 0; i < 20000; ++i) watch.feed(as_bytes(line), kNow);
  EXPECT_FALSE(watch.panic());
}

TEST(PanicWatch, SurvivesALineThatNeverEnds) {
  PanicWatch watch;
  const std::string chunk(1 << 20, 'x');
  for (int i = 0; i < 16; ++i) watch.feed(as_bytes(chunk), kNow);
  watch.feed(as_bytes("\n"), kNow);
  watch.feed(as_bytes(kPanicLine), kNow);
  EXPECT_TRUE(watch.panic());
}

TEST(PanicWatch, FindsAPanicBehindAPromptAndACallersName) {
  const auto watch = after({"~ # [   12.3][    T1] Kernel panic - not syncing: sysrq\r\n",
                            "[   12.4][    T1] ---[ end Kernel panic - not syncing: sysrq ]---\r\n"});
  EXPECT_EQ(watch.panic(), "Kernel panic - not syncing: sysrq");
  EXPECT_TRUE(watch.stopped_at());
}

TEST(PanicWatch, WhatQuotesAPanicIsNone) {
  EXPECT_FALSE(after({"old.log:[    1.5] Kernel panic - not syncing: VFS\r\n",
                      "old.log:[    1.6] ---[ end Kernel panic - not syncing: VFS ]---\r\n"})
                   .stopped_at());
  EXPECT_FALSE(after({"looking for Kernel panic - not syncing\r\n"}).panic());
  EXPECT_FALSE(after({kPanicLine, "it says ---[ end Kernel panic - not syncing: VFS ]---\r\n"}).stopped_at());
}

TEST(PanicWatch, SurvivesPrefixesThatDoNotEnd) {
  for (const std::string_view line : {"[", "[ 1", "<", "<4", "<4>[", "[1][2", "[1][", "[1]"})
    EXPECT_FALSE(after({line, "\n"}).panic()) << line;
}

TEST(PanicWatch, KnowsWhetherALineIsUnfinished) {
  EXPECT_TRUE(after({"/ # \x1b[6n"}).mid_line());
  EXPECT_FALSE(after({"done\r\n\x1b[0m"}).mid_line());
}

TEST(PanicWatch, TheLastLineAloneIsNoPanic) {
  EXPECT_FALSE(after({kEndLine}).stopped_at());
}

}  // namespace
}  // namespace pvh::run
