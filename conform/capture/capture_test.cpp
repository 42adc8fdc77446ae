#include "pvh/capture/capture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pvh/judge_testing/good_capture.hpp"

namespace pvh::conform {
namespace {

using testing::good_capture;

Error error_of(std::string_view json) {
  const auto capture = read_capture(json);
  EXPECT_FALSE(capture);
  return capture ? Error{} : capture.error();
}

/// A capture with nothing but what is needed, and `more`.
std::string with(const std::string& more) {
  return R"({"pvh_capture": 1, "producer": "p", "outcome": "captured", )" + more + "}";
}

TEST(Capture, IsReadAsItWasWritten) {
  Capture capture = good_capture();
  capture.command = "run \"it\"";
  capture.segments["tr"] = {0x18, 0, 0x67, 0x8b};
  capture.strings = {{0x1100, 19, true}};
  capture.rsdp_elsewhere = {0xf5a40};
  const std::string text = write_capture(capture);
  const auto read = read_capture(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(write_capture(*read), text);
  EXPECT_EQ(read->memory.size(), capture.memory.size());
  EXPECT_EQ(read->asked.modules->size(), 2U);
}

TEST(Capture, IsRefusedWhereItIsNoJson) {
  EXPECT_EQ(error_of("").what, Fault::kCaptureNotJson);
  EXPECT_EQ(error_of("{\"pvh_capture\": 1").what, Fault::kCaptureNotJson);
  const Error error = error_of("[1, 2");
  EXPECT_THAT(std::get<std::string>(error.found), ::testing::HasSubstr("line 1"));
}

TEST(Capture, IsRefusedInAnotherFormat) {
  const Error error = error_of(R"({"pvh_capture": 2})");
  EXPECT_EQ(error.what, Fault::kCaptureFormat);
  EXPECT_EQ(error.found, Fact(std::uint64_t{2}));
  EXPECT_EQ(error.wanted, Fact(std::uint64_t{1}));
}

struct WrongMember {
  const char* more;
  const char* path;
  const char* found;
};

class WrongMembers : public ::testing::TestWithParam<WrongMember> {};

TEST_P(WrongMembers, AreNamedByTheirPath) {
  const Error error = error_of(with(GetParam().more));
  EXPECT_EQ(error.what, Fault::kCaptureMember);
  EXPECT_EQ(error.subject, GetParam().path);
  EXPECT_EQ(error.found, Fact(std::string(GetParam().found)));
  EXPECT_NE(error.wanted, Fact());
}

INSTANTIATE_TEST_SUITE_P(
    Capture, WrongMembers,
    ::testing::Values(WrongMember{R"("registers": [])", "registers", "a list of 0"},
                      WrongMember{R"("registers": {"ebx": "0x1000"})", "registers.ebx", "the text '0x1000'"},
                      WrongMember{R"("registers": {"ebx": -1})", "registers.ebx", "-1"},
                      WrongMember{R"("registers": {"ebx": 1e3})", "registers.ebx", "1e3"},
                      WrongMember{R"("segments": {"tr": {"selector": 1, "base": 0, "limit": 1}})",
                                  "segments.tr.attributes", "missing"},
                      WrongMember{R"("memory": {})", "memory", "an object"},
                      WrongMember{R"("memory": [{"at": 1, "hex": "00"}, 7])", "memory[1]", "7"},
                      WrongMember{R"("memory": [{"at": 1, "hex": "0"}])", "memory[0].hex", "the text '0'"},
                      WrongMember{R"("memory": [{"at": 1, "hex": "0g"}])", "memory[0].hex", "the text '0g'"},
                      WrongMember{R"("memory": [{"hex": "00"}])", "memory[0].at", "missing"},
                      WrongMember{R"("memory": [{"at": 18446744073709551615, "hex": "0000"}])", "memory[0]",
                                  "2 bytes at 0xffffffffffffffff"},
                      WrongMember{R"("memory": [{"at": 8, "hex": "0001"}, {"at": 9, "hex": "02"}])",
                                  "memory[1]", "1 bytes at 0x9"},
                      WrongMember{R"("case": {"about": "MAP-99"})", "case.about", "the text 'MAP-99'"},
                      WrongMember{R"("case": {"modules": [{"crc32": 1}]})", "case.modules[0].size",
                                  "missing"},
                      WrongMember{R"("case": {"modules": [{"size": 1, "crc32": 4294967296}]})",
                                  "case.modules[0].crc32", "4294967296"},
                      WrongMember{R"("checksums": [{"at": 0}])", "checksums[0].size", "missing"},
                      WrongMember{R"("image": {"at": 1})", "image.linked", "missing"},
                      WrongMember{R"("ram": [{"at": true}])", "ram[0].at", "true"}));

// What a number was written as, where it is none that a capture has.
INSTANTIATE_TEST_SUITE_P(
    Numbers, WrongMembers,
    ::testing::Values(
        WrongMember{R"("registers": {"ebx": 1e+20})", "registers.ebx", "1e+20"},
        WrongMember{R"("registers": {"ebx": 18446744073709551616})", "registers.ebx", "18446744073709551616"},
        WrongMember{R"("registers": {"ebx": 1.5})", "registers.ebx", "1.5"},
        WrongMember{R"("memory": [{"at": 0, "hex": ""}, {"at": 1e400}])", "memory[1].at", "1e400"},
        WrongMember{R"("ram": [{"at": -0.5}])", "ram[0].at", "-0.5"},
        WrongMember{R"("case": {"memory": null})", "case.memory", "null"}));

INSTANTIATE_TEST_SUITE_P(
    SaidTwice, WrongMembers,
    ::testing::Values(
        WrongMember{R"("producer": "q")", "producer", "there twice"},
        WrongMember{R"("registers": {"ebx": 1, "cr0": 1, "ebx": 1})", "registers.ebx", "there twice"},
        WrongMember{R"("memory": [{"at": 1, "hex": "00"}, {"at": 9, "hex": "00", "at": 3}])", "memory[1].at",
                    "there twice"},
        WrongMember{R"("case": {"modules": [{"size": 1}, {"size": 2, "size": 2}]})", "case.modules[1].size",
                    "there twice"},
        WrongMember{R"("unknown": [[{"a": [0, {"b": 1, "b": 2}]}]])", "unknown[0][0].a[1].b", "there twice"},
        WrongMember{R"("checksums": [{"at": 1, "size": 2, "crc32": 3}, {"at": 1, "size": 2, "crc32": 4}])",
                    "checksums[1].crc32", "4"},
        WrongMember{
            R"("strings": [{"at": 1, "length": 2, "terminated": true}, {"at": 1, "length": 3, "terminated": true}])",
            "strings[1]", "another string at 0x1"}));

TEST(Capture, MaySayTheSameTwiceInAList) {
  const auto capture = read_capture(with(
      R"("checksums": [{"at": 1, "size": 2, "crc32": 3}, {"at": 1, "size": 2, "crc32": 3}, {"at": 1, "size": 4, "crc32": 5}])"));
  ASSERT_TRUE(capture);
  EXPECT_EQ(capture->checksums.size(), 2U);
}

TEST(Capture, IsRefusedWithoutAProducersName) {
  EXPECT_EQ(error_of(R"({"pvh_capture": 1, "producer": "", "outcome": "captured"})").subject, "producer");
}

TEST(Capture, IsRefusedWhereItIsTooDeepOrTooManyThings) {
  const std::string deep = with("\"unknown\": " + std::string(200'000, '['));
  EXPECT_EQ(error_of(deep).found, Fact(std::string("nested deeper")));
  std::string many = "0";
  for (int i = 0; i < 5'000'000; ++i) many += ",0";
  EXPECT_EQ(error_of(with("\"unknown\": [" + many + "]")).found, Fact(std::string("of more values")));
  std::string members = "\"x\":0";
  for (int i = 0; i < 70'000; ++i) members += ",\"" + std::to_string(i) + "\":0";
  EXPECT_EQ(error_of(with("\"unknown\": {" + members + "}")).subject, "unknown");
}

TEST(Capture, IsRefusedWithAnUnknownOutcome) {
  const Error error = error_of(R"({"pvh_capture": 1, "producer": "p", "outcome": "fine"})");
  EXPECT_EQ(error.subject, "outcome");
}

TEST(Capture, IsRefusedWithTooMuchMemory) {
  const std::string hex(2 * kMiB + 2, '0');
  std::string pieces;
  for (int i = 0; i < 4; ++i)
    pieces += (i == 0 ? "" : ",") + std::string(R"({"at": )") + std::to_string(i * 16777216) +
              R"(, "hex": ")" + hex + "\"}";
  EXPECT_EQ(error_of(with(R"("memory": [)" + pieces + "]")).subject, "memory[3].hex");
}

TEST(Memory, BecomesOnePieceWhereItTouches) {
  std::vector<MemoryPiece> pieces;
  const auto bytes = [](std::size_t count) { return std::vector<std::byte>(count, std::byte{7}); };
  EXPECT_TRUE(add_memory(pieces, 10, bytes(5)));
  EXPECT_TRUE(add_memory(pieces, 20, bytes(5)));
  EXPECT_TRUE(add_memory(pieces, 40, bytes(5)));
  EXPECT_EQ(pieces.size(), 3U);
  EXPECT_TRUE(add_memory(pieces, 12, bytes(9)));
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[0].at, 10U);
  EXPECT_EQ(pieces[0].bytes.size(), 15U);
  EXPECT_FALSE(add_memory(pieces, 24, std::vector<std::byte>(1)));
}

TEST(Checksum, IsZlibs) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xcbf43926U);
}

constexpr std::string_view kStory =
    "SeaBIOS (version x)\r\n"
    "Booting... "
    "{\"pvh_probe\":1,\"part\":\"begin\",\"bits\":64,\"image\":1048576,\"linked\":1048576,\"zeroed\":true}"
    "\r\n"
    "{\"pvh_probe\":1,\"part\":\"cpu\",\"ebx\":4096,\"cr0\":17}\n"
    "{\"pvh_probe\":1,\"part\":\"memory\",\"of\":\"start_info\",\"at\":4096,\"hex\":\"78c56e33\"}\n"
    "{\"pvh_probe\":1,\"part\":\"string\",\"of\":\"command_line\",\"index\":0,\"at\":8192,\"length\":3,"
    "\"terminated\":true,"
    "\"checked\":3,\"crc32\":5}\n"
    "{\"pvh_probe\":1,\"part\":\"ram\",\"at\":0,\"size\":4096,\"places\":2,\"failed\":1,\"first_failed\":8}"
    "\n";

TEST(ProbeOutput, IsReadBehindWhatTheMonitorSays) {
  const Capture capture =
      capture_of(std::string(kStory) + "{\"pvh_probe\":1,\"part\":\"end\",\"magic\":true}\n", {});
  EXPECT_EQ(capture.outcome, Outcome::kCaptured);
  EXPECT_EQ(capture.image->at, kMiB);
  EXPECT_EQ(capture.registers.at("ebx"), 4096U);
  EXPECT_EQ(capture.memory.front().bytes.size(), 4U);
  EXPECT_EQ(capture.checksums.front().crc32, 5U);
  EXPECT_TRUE(capture.strings.front().terminated);
  EXPECT_EQ(capture.ram.front().failed, 1U);
}

TEST(ProbeOutput, ThatBreaksOffIsADeath) {
  EXPECT_EQ(capture_of(kStory, {}).outcome, Outcome::kDied);
  EXPECT_EQ(capture_of("", {}).outcome, Outcome::kDied);
  EXPECT_NE(capture_of("", {}).words, "");
}

TEST(ProbeOutput, ThatLostSomethingOnItsWayIsNoEvidence) {
  const auto end = [](int parts) {
    return R"({"pvh_probe":1,"part":"end","magic":true,"parts":)" + std::to_string(parts) + "}\n";
  };
  const auto memory = [](int size) {
    return R"({"pvh_probe":1,"part":"memory","of":"gdt","at":0,"size":)" + std::to_string(size) +
           ",\"hex\":\"0102\"}\n";
  };
  EXPECT_EQ(capture_of(std::string(kStory) + end(6), {}).outcome, Outcome::kCaptured);
  EXPECT_EQ(capture_of(std::string(kStory) + memory(2) + end(7), {}).outcome, Outcome::kCaptured);
  for (const std::string& story : {end(7), memory(3) + end(7)}) {
    const Capture capture = capture_of(std::string(kStory) + story, {});
    EXPECT_EQ(capture.outcome, Outcome::kGarbage) << story;
    EXPECT_THAT(capture.words, ::testing::HasSubstr("lost")) << story;
  }
  // A guest that was reset tells its story once more.
  EXPECT_EQ(capture_of(std::string(kStory) + std::string(kStory) + end(6), {}).outcome, Outcome::kCaptured);
}

TEST(ProbeOutput, OfAStringThatItGaveUpOnTellsNothingOfIt) {
  constexpr std::string_view kGaveUp =
      "{\"pvh_probe\":1,\"part\":\"string\",\"of\":\"command_line\",\"at\":12288,\"length\":0,"
      "\"terminated\":false,\"readable\":true,\"checked\":0,\"crc32\":0}\n";
  EXPECT_EQ(capture_of(std::string(kStory) + std::string(kGaveUp), {}).strings.size(), 1U);
}

TEST(ProbeOutput, ThatIsSomethingElseIsGarbage) {
  const Capture capture = capture_of("hello\x1b[2J\n", {});
  EXPECT_EQ(capture.outcome, Outcome::kGarbage);
  EXPECT_THAT(capture.words, ::testing::HasSubstr(R"(hello\x1b[2J)"));
}

}  // namespace
}  // namespace pvh::conform
