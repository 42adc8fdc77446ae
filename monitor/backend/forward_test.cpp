#include "pvh/backend/forward.hpp"

#include <gtest/gtest.h>

namespace pvh::backend {
namespace {

TEST(Forwards, LeadFromTheLoopbackUnlessTheyNameAnAddress) {
  EXPECT_EQ(parse_forward("8080-80"), (Forward{.port = 8080, .guest_port = 80}));
  EXPECT_EQ(parse_forward("udp:5353-53"),
            (Forward{.protocol = Protocol::kUdp, .port = 5353, .guest_port = 53}));
  EXPECT_EQ(parse_forward("0.0.0.0:8080-80"),
            (Forward{.address = "0.0.0.0", .port = 8080, .guest_port = 80}));
}

TEST(Forwards, AreTakenAsQemusUsersWriteThem) {
  const Forward expected{.port = 8080, .guest_port = 80};
  EXPECT_EQ(parse_forward("tcp:127.0.0.1:8080-:80"), expected);
  EXPECT_EQ(parse_forward("tcp::8080-:80"), expected);
  EXPECT_EQ(host_port_text(expected), "TCP port 8080 of 127.0.0.1");
}

TEST(Forwards, RefuseWhatIsNoPortAndNoAddress) {
  for (const char* text : {"", "-", "8080", "8080:80", "8080-", "-80", "0-80", "8080-0", "65536-80", "80-+80",
                           "8080-80-80", "host:8080-80", "::1:8080-80", "1.2.3:8080-80", "icmp:1-1", "tcp:"})
    EXPECT_FALSE(parse_forward(text)) << text;
}

}  // namespace
}  // namespace pvh::backend
