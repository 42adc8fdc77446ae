#include "ending.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace pvh::cli {
namespace {

using run::Ending;
using run::Outcome;

TEST(Ending, HasAnExitCodeForEach) {
  EXPECT_EQ(exit_code_of({.ending = Ending::kPowerOff, .detail = {}}), 0);
  EXPECT_EQ(exit_code_of({.ending = Ending::kPanic, .detail = {}}), 3);
  EXPECT_EQ(exit_code_of({.ending = Ending::kTripleFault, .detail = {}}), 3);
  EXPECT_EQ(exit_code_of({.ending = Ending::kTimeLimit, .detail = {}}), 4);
  EXPECT_EQ(exit_code_of({.ending = Ending::kReboot, .detail = {}}), 5);
  EXPECT_EQ(exit_code_of({.ending = Ending::kEnded, .detail = {}}), 0);
  EXPECT_EQ(exit_code_of({.ending = Ending::kEnded, .detail = {}, .signal = SIGTERM}), 143);
}

TEST(Ending, IsSaidWithItsTime) {
  EXPECT_EQ(
      ending_text({.ending = Ending::kPowerOff, .detail = {}, .duration = std::chrono::milliseconds(2149)}),
      "the guest powered off after 2.1 s");
  EXPECT_EQ(ending_text({.ending = Ending::kEnded, .detail = {}, .signal = SIGINT}),
            "ended by SIGINT after 0 ms");
}

TEST(Ending, QuotesWhatQemuSaidBesides) {
  EXPECT_EQ(warnings_text({.ending = Ending::kPowerOff, .detail = {}}), "");
  EXPECT_EQ(warnings_text({.ending = Ending::kPowerOff, .detail = {}, .warnings = "warning: a\nb\x1b[2J\n"}),
            "QEMU said:\n     warning: a\n     b\\x1b[2J");
}

TEST(Ending, ShowsWhatAGuestSaidButObeysItNot) {
  EXPECT_EQ(ending_text({.ending = Ending::kPanic, .detail = "not syncing\x1b[2J\nend\n"}),
            "the guest panicked after 0 ms\n     not syncing\\x1b[2J\n     end");
}

}  // namespace
}  // namespace pvh::cli
