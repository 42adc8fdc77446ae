#include "pvh/virtio/block.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>

#include "testing/driver.hpp"

namespace pvh::virtio {
namespace {

using namespace testing;
namespace fs = std::filesystem;

constexpr std::uint8_t kOk = 0;
constexpr std::uint8_t kIoError = 1;
constexpr std::uint8_t kUnsupported = 2;
constexpr std::uint64_t kEverything = 0x7274 | kCommonFeatures;  // all that a disk with one queue offers
constexpr std::uint64_t kDiskSize = 64 * kKiB;

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    std::string name = ::testing::TempDir() + "pvh-disk-XXXXXX";
    const UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
    path_ = name;
    std::ofstream(path_, std::ios::binary) << content;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { fs::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string content() const {
    std::ifstream in(path_, std::ios::binary);
    std::string out(fs::file_size(path_), ' ');
    in.read(out.data(), static_cast<std::streamsize>(out.size()));
    return out;
  }

 private:
  std::string path_;
};

std::string numbered(std::size_t size) {
  std::string out(size, ' ');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + i / backend::kSectorSize % 26);
  return out;
}

/// A disk and its driver; by io_uring and by threads.
class Disk : public ::testing::TestWithParam<bool> {
 protected:
  void open(bool read_only = false, std::uint64_t features = 0) {
    auto disk = backend::DiskFile::open(file_.path(), read_only, "disk 0");
    ASSERT_TRUE(disk);
    device_ = std::make_unique<Block>(std::move(*disk), Block::Options{.name = "disk 0",
                                                                       .serial = "serial-1",
                                                                       .threads_only = GetParam(),
                                                                       .report = [this](const Error& error) {
                                                                         reports_.push_back(error);
                                                                       }});
    registers_ = std::make_unique<Registers>(*device_, ram_.memory());
    if (features == 0) features = device_->features();
    start(*registers_, ring_, features);
  }

  struct Data {
    std::uint64_t address;
    std::uint32_t size;
    bool written;  ///< by the device
  };
  void request(std::uint32_t type, std::uint64_t sector, std::vector<Data> data, std::uint16_t head = 0) {
    const std::uint64_t header = kHeaders + head * 32U;
    ram_.put(header, std::uint64_t{type});
    ram_.put(header + 8, sector);
    ram_.put(header + 16, std::uint8_t{0xff});
    std::vector<Descriptor> chain{{header, 16, 0, 0}};
    for (const Data& one : data)
      chain.push_back({one.address, one.size, one.written ? testing::kWrite : std::uint16_t{0}, 0});
    chain.push_back({header + 16, 1, testing::kWrite, 0});
    ring_.add(std::move(chain), head);
  }
  std::uint8_t status(std::uint16_t head = 0) { return ram_.get<std::uint8_t>(kHeaders + head * 32U + 16); }
  void serve_until(std::uint16_t used) {
    registers_->write(kNotify, 0);
    for (unsigned i = 0; ring_.used_count() < used && i < 200; ++i) (void)registers_->serve(100);
    ASSERT_EQ(ring_.used_count(), used);
  }
  std::uint8_t answer(std::uint32_t type, std::uint64_t sector, std::vector<Data> data) {
    request(type, sector, std::move(data));
    serve_until(++count_);
    return status();
  }
  std::string text(std::uint64_t at, std::size_t size) { return std::string(as_text(ram_.at(at, size))); }
  void fill(std::uint64_t at, std::size_t size, char with) {
    std::ranges::fill(ram_.at(at, size), static_cast<std::byte>(with));
  }

  static constexpr std::uint64_t kHeaders = 0x10000;
  static constexpr std::uint64_t kBuffer = 0x20000;
  static constexpr std::uint32_t kIn = 0, kOut = 1, kFlush = 4, kSerial = 8, kDiscard = 11, kZeroes = 13;

  TemporaryFile file_{numbered(kDiskSize)};
  Ram ram_;
  Ring ring_{ram_, 0x4000};
  std::vector<Error> reports_;
  std::unique_ptr<Block> device_;
  std::unique_ptr<Registers> registers_;
  std::uint16_t count_ = 0;
};
INSTANTIATE_TEST_SUITE_P(By, Disk, ::testing::Bool(),
                         [](const auto& by) { return by.param ? "Threads" : "Ring"; });

TEST_P(Disk, ReadsAndWritesSectorsInPieces) {
  open();
  EXPECT_EQ(answer(kIn, 1, {{kBuffer, 512, true}, {kBuffer + 0x1000, 1024, true}}), kOk);
  EXPECT_EQ(text(kBuffer, 512), std::string(512, 'b'));
  EXPECT_EQ(text(kBuffer + 0x1000, 1024), std::string(512, 'c') + std::string(512, 'd'));
  EXPECT_EQ(ring_.used_at(0).written, 1537U);
  fill(kBuffer, 1024, 'X');
  EXPECT_EQ(answer(kOut, 2, {{kBuffer, 1024, false}}), kOk);
  EXPECT_EQ(answer(kFlush, 0, {}), kOk);
  EXPECT_EQ(file_.content().substr(512, 2048),
            std::string(512, 'b') + std::string(1024, 'X') + std::string(512, 'e'));
}

TEST_P(Disk, HasSeveralRequestsUnderWay) {
  open();
  for (std::uint16_t i = 0; i < 5; ++i)
    request(kIn, i, {{kBuffer + i * 512U, 512, true}}, static_cast<std::uint16_t>(3 * i));
  serve_until(5);
  for (std::uint16_t i = 0; i < 5; ++i) {
    EXPECT_EQ(status(static_cast<std::uint16_t>(3 * i)), kOk);
    EXPECT_EQ(text(kBuffer + i * 512U, 512), std::string(512, static_cast<char>('a' + i)));
  }
}

TEST_P(Disk, SaysItsSizeAndItsSerialNumber) {
  open();
  std::uint64_t capacity = 0;
  registers_->transport().read(kConfig, std::as_writable_bytes(std::span(&capacity, 1)));
  EXPECT_EQ(capacity, kDiskSize / 512);
  EXPECT_EQ(answer(kSerial, 0, {{kBuffer, 20, true}}), kOk);
  EXPECT_EQ(text(kBuffer, 20), std::string("serial-1") + std::string(12, '\0'));
}

TEST_P(Disk, CountsAsWrittenOnlyWhatIsWithoutAGap) {
  open();
  EXPECT_EQ(answer(kIn, 0, {{kBuffer, 512, true}}), kOk);
  EXPECT_EQ(ring_.used_at(0).written, 513U);
  EXPECT_EQ(answer(kSerial, 0, {{kBuffer, 64, true}}), kOk);
  EXPECT_EQ(ring_.used_at(1).written, 20U);
  EXPECT_EQ(answer(kIn, 4096, {{kBuffer, 512, true}}), kIoError);
  EXPECT_EQ(ring_.used_at(2).written, 0U);
  EXPECT_EQ(answer(kOut, 0, {{kBuffer, 512, false}}), kOk);
  EXPECT_EQ(ring_.used_at(3).written, 1U);
}

TEST_P(Disk, RefusesWhatLiesOutsideAndWhatIsNoWholeSector) {
  open();
  const std::uint64_t sectors = kDiskSize / 512;
  for (const std::uint64_t sector :
       {sectors, sectors + 1, UINT64_MAX, UINT64_MAX / 512, std::uint64_t{1} << 55U}) {
    EXPECT_EQ(answer(kIn, sector, {{kBuffer, 512, true}}), kIoError) << sector;
    EXPECT_EQ(answer(kOut, sector, {{kBuffer, 512, false}}), kIoError) << sector;
  }
  EXPECT_EQ(answer(kIn, sectors - 1, {{kBuffer, 1024, true}}), kIoError);
  EXPECT_EQ(answer(kIn, 0, {{kBuffer, 511, true}}), kIoError);
  EXPECT_EQ(answer(kOut, 0, {}), kIoError);
  EXPECT_EQ(answer(99, 0, {}), kUnsupported);
  EXPECT_EQ(file_.content(), numbered(kDiskSize));
  EXPECT_TRUE(reports_.empty()) << "the guest's own mistakes are not the host's";
}

TEST_P(Disk, IsReadOnlyByItselfWhateverTheDriverThinks) {
  open(true);
  EXPECT_NE(device_->features() & (1U << 5U), 0U);
  fill(kBuffer, 512, 'X');
  EXPECT_EQ(answer(kOut, 0, {{kBuffer, 512, false}}), kIoError);
  ram_.put(kBuffer, std::uint64_t{0});
  ram_.put(kBuffer + 8, std::uint64_t{1});
  EXPECT_EQ(answer(kDiscard, 0, {{kBuffer, 16, false}}), kIoError);
  EXPECT_EQ(answer(kZeroes, 0, {{kBuffer, 16, false}}), kIoError);
  EXPECT_EQ(answer(kIn, 0, {{kBuffer, 512, true}}), kOk);
  EXPECT_EQ(file_.content(), numbered(kDiskSize));
}

TEST_P(Disk, MakesZerosAndDiscards) {
  open();
  const auto range = [this](std::uint64_t sector, std::uint32_t sectors, std::uint32_t flags) {
    ram_.put(kBuffer, sector);
    ram_.put(kBuffer + 8, sectors);
    ram_.put(kBuffer + 12, flags);
    return std::vector<Data>{{kBuffer, 16, false}};
  };
  EXPECT_EQ(answer(kZeroes, 0, range(2, 3, 0)), kOk);
  EXPECT_EQ(answer(kZeroes, 0, range(64, 16, 1)), kOk);
  EXPECT_EQ(answer(kDiscard, 0, range(32, 8, 0)), kOk);
  EXPECT_EQ(answer(kZeroes, 0, range(0, 0, 0)), kOk);
  std::string expected = numbered(kDiskSize);
  expected.replace(2 * 512, 3 * 512, 3 * 512, '\0').replace(64 * 512, 16 * 512, 16 * 512, '\0');
  std::string found = file_.content();
  found.replace(32 * 512, 8 * 512, expected.substr(32 * 512, 8 * 512));  // anything may be there
  EXPECT_EQ(found, expected);
  EXPECT_EQ(answer(kDiscard, 0, range(0, 1, 1)), kUnsupported);
  EXPECT_EQ(answer(kZeroes, 0, range(0, 1, 2)), kUnsupported);
  for (const auto& [sector, sectors] :
       {std::pair<std::uint64_t, std::uint32_t>{127, 2}, {UINT64_MAX, 1}, {0, 0xffffffff}}) {
    EXPECT_EQ(answer(kDiscard, 0, range(sector, sectors, 0)), kIoError);
    EXPECT_EQ(answer(kZeroes, 0, range(sector, sectors, 0)), kIoError);
  }
  EXPECT_EQ(fs::file_size(file_.path()), kDiskSize);
}

TEST_P(Disk, ThatWasCutGivesErrorsAndNeverZeros) {
  open();
  fs::resize_file(file_.path(), 1024);
  fill(kBuffer, 4096, 'X');
  EXPECT_EQ(answer(kIn, 0, {{kBuffer, 1024, true}}), kOk);
  EXPECT_EQ(answer(kIn, 1, {{kBuffer, 1024, true}}), kIoError) << "half of it is there";
  EXPECT_EQ(answer(kIn, 64, {{kBuffer, 512, true}}), kIoError);
  EXPECT_EQ(answer(kOut, 100, {{kBuffer, 512, false}}), kIoError);
  EXPECT_EQ(fs::file_size(file_.path()), 1024U) << "a write behind the end would make zeros of what was lost";
  ASSERT_EQ(reports_.size(), 1U) << "one for all";
  EXPECT_EQ(reports_[0].what, Fault::kDiskFailed);
  EXPECT_EQ(reports_[0].subject, "disk 0");
}

TEST_P(Disk, ThatWasRemovedLivesOn) {
  open();
  fs::remove(file_.path());
  EXPECT_EQ(answer(kOut, 0, {{kBuffer, 512, false}}), kOk);
  EXPECT_EQ(answer(kIn, 1, {{kBuffer, 512, true}}), kOk);
  EXPECT_EQ(text(kBuffer, 512), std::string(512, 'b'));
}

TEST_P(Disk, TellsTheGuestOfAFullHost) {
  fs::resize_file(file_.path(), kMiB);
  open();
  // The largest file that this process may write stands for a full disk: the same way out, another number.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{.rlim_cur = kDiskSize, .rlim_max = before.rlim_max};
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::uint8_t refused = answer(kOut, kDiskSize / 512, {{kBuffer, 512, false}});
  const std::uint8_t again = answer(kOut, kDiskSize / 512, {{kBuffer, 512, false}});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  EXPECT_EQ(refused, kIoError);
  EXPECT_EQ(again, kIoError);
  EXPECT_EQ(reports_.size(), 1U);
  EXPECT_EQ(answer(kOut, kDiskSize / 512, {{kBuffer, 512, false}}), kOk)
      << "it goes on when there is room again";
}

TEST_P(Disk, WritesThroughForADriverThatDoesNotFlush) {
  open(false, kFeatureVersion1);
  fill(kBuffer, 512, 'X');
  EXPECT_EQ(answer(kOut, 0, {{kBuffer, 512, false}}), kOk);
  EXPECT_EQ(file_.content().substr(0, 512), std::string(512, 'X'));
}

TEST_P(Disk, CanBeToldToWriteThrough) {
  open();
  const std::byte off{0};
  registers_->transport().write(kConfig + 32, {&off, 1});
  std::byte found{9};
  registers_->transport().read(kConfig + 32, {&found, 1});
  EXPECT_EQ(found, off);
  EXPECT_EQ(answer(kOut, 0, {{kBuffer, 512, false}}), kOk);
}

TEST_P(Disk, NeedsAResetWhereARequestHasNoHeaderOrNoPlaceForItsStatus) {
  const std::vector<std::vector<Descriptor>> bad{
      {{kHeaders, 16, 0, 0}},
      {{kHeaders, 15, 0, 0}, {kHeaders + 16, 1, testing::kWrite, 0}},
      {{kHeaders, 16, testing::kWrite, 0}},
      {{kHeaders, 0, 0, 0}},
  };
  for (const auto& chain : bad) {
    std::ranges::fill(ram_.at(ring_.descriptors(), 0x3000), std::byte{0});
    open();
    ring_.add(chain);
    registers_->write(kNotify, 0);
    (void)registers_->serve();
    EXPECT_NE(registers_->read(kStatus) & kNeedsReset, 0U);
    registers_.reset();
    device_.reset();
  }
}

TEST_P(Disk, IsResetWhileRequestsAreUnderWay) {
  open();
  for (unsigned round = 0; round < 50; ++round) {
    std::ranges::fill(ram_.at(ring_.descriptors(), 0x3000), std::byte{0});
    start(*registers_, ring_, kEverything);
    for (std::uint16_t i = 0; i < 5; ++i)
      request(i % 2 == 0 ? kIn : kOut, i, {{kBuffer + i * 512U, 512, i % 2 == 0}},
              static_cast<std::uint16_t>(3 * i));
    registers_->write(kNotify, 0);
    (void)registers_->serve();
    registers_->write(kStatus, 0);
    fill(kBuffer, 4096, 'Y');
    EXPECT_EQ(text(kBuffer, 4096), std::string(4096, 'Y'));
  }
}

TEST_P(Disk, AnswersMoreRequestsThanItHasPlacesFor) {
  open();
  std::uint16_t expected = 0;
  for (unsigned round = 0; round < 100; ++round) {
    for (std::uint16_t i = 0; i < 5; ++i)
      request(kIn, i, {{kBuffer + i * 512U, 512, true}}, static_cast<std::uint16_t>(3 * i));
    serve_until(expected = static_cast<std::uint16_t>(expected + 5));
  }
}

TEST(DiskFiles, AreOpenForOneWriterOrManyReaders) {
  const TemporaryFile file(numbered(1024));
  const auto opens = [&](bool read_only) {
    return backend::DiskFile::open(file.path(), read_only, "disk 0").has_value();
  };
  {
    const auto writer = backend::DiskFile::open(file.path(), false, "disk 0");
    ASSERT_TRUE(writer);
    EXPECT_FALSE(opens(false));
    EXPECT_FALSE(opens(true));
    EXPECT_EQ(backend::DiskFile::open(file.path(), true, "disk 1").error().what, Fault::kDiskInUse);
  }
  {
    const auto reader = backend::DiskFile::open(file.path(), true, "disk 0");
    ASSERT_TRUE(reader);
    EXPECT_TRUE(opens(true));
    EXPECT_FALSE(opens(false));
  }
  EXPECT_TRUE(opens(false));
}

TEST(DiskFiles, AreLockedUnderWhateverName) {
  const TemporaryFile file(numbered(1024));
  const auto writer = backend::DiskFile::open(file.path(), false, "disk 0");
  ASSERT_TRUE(writer);
  const std::string moved = file.path() + "-moved";
  fs::rename(file.path(), moved);
  EXPECT_EQ(backend::DiskFile::open(moved, true, "disk 1").error().what, Fault::kDiskInUse);
  std::ofstream(file.path()) << numbered(1024);
  EXPECT_TRUE(backend::DiskFile::open(file.path(), false, "disk 1"))
      << "another file of that name is another disk";
  fs::remove(moved);
}

TEST(DiskFiles, StayLockedWhileAChildThatWasForkedHasThem) {
  const TemporaryFile file(numbered(1024));
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  auto writer = backend::DiskFile::open(file.path(), false, "disk 0");
  ASSERT_TRUE(writer);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[1]);
    char end = 0;
    (void)!::read(pipe[0], &end, 1);
    ::_exit(0);
  }
  {
    const auto gone = std::move(*writer);
  }
  EXPECT_FALSE(backend::DiskFile::open(file.path(), false, "disk 0"));
  ::close(pipe[1]);
  ::waitpid(child, nullptr, 0);
  ::close(pipe[0]);
  EXPECT_TRUE(backend::DiskFile::open(file.path(), false, "disk 0"));
}

TEST(DiskFiles, WaitForTheirHost) {
  const TemporaryFile file(numbered(1024));
  const auto disk = backend::DiskFile::open(file.path(), false, "disk 0");
  ASSERT_TRUE(disk);
  EXPECT_EQ(::fcntl(disk->descriptor(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(DiskFiles, AreLockedOnlyWhileTheirProcessLives) {
  const TemporaryFile file(numbered(1024));
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = backend::DiskFile::open(file.path(), false, "disk 0");
    ::raise(held ? SIGKILL : SIGABRT);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_TRUE(backend::DiskFile::open(file.path(), false, "disk 0"));
}

TEST(DiskFiles, AreRefusedWhereTheyCanBeNoDisk) {
  const auto fault = [](const std::string& path, bool read_only = false) {
    const auto opened = backend::DiskFile::open(path, read_only, "disk 0");
    return opened ? Fault::kCount_ : opened.error().what;
  };
  const TemporaryFile empty("");
  const TemporaryFile odd(std::string(513, 'x'));
  EXPECT_EQ(fault(empty.path()), Fault::kFileEmpty);
  EXPECT_EQ(fault(odd.path()), Fault::kDiskSize);
  EXPECT_EQ(fault("/dev/null"), Fault::kFileIsSpecial);
  EXPECT_EQ(fault(::testing::TempDir(), true), Fault::kFileIsDirectory);
  EXPECT_EQ(fault("/nonexistent/disk"), Fault::kFileMissing);
}

TEST(DiskFiles, OfOtherFormatsThanRawAreNamedAsQemuImgDoes) {
  const auto format = [](std::string begin) {
    begin.resize(1024, 'x');
    const TemporaryFile file(begin);
    const auto opened = backend::DiskFile::open(file.path(), false, "disk 0");
    if (opened) return std::string("raw");
    EXPECT_EQ(opened.error().what, Fault::kDiskFormat);
    const auto* found = std::get_if<std::string>(&opened.error().found);
    return found != nullptr ? *found : std::string();
  };
  EXPECT_EQ(format({"QFI\xfb\0\0\0\1", 8}), "qcow");
  EXPECT_EQ(format({"QFI\xfb\0\0\0\3", 8}), "qcow2");
  EXPECT_EQ(format({"QED\0", 4}), "qed");
  EXPECT_EQ(format("KDMV"), "vmdk");
  EXPECT_EQ(format("COWD"), "vmdk");
  EXPECT_EQ(format("# Disk DescriptorFile\nversion=1\n"), "vmdk");
  EXPECT_EQ(format("vhdxfile"), "vhdx");
  EXPECT_EQ(format("conectix"), "vpc");
  EXPECT_EQ(format("<<< Oracle VM VirtualBox Disk Image >>>\n" + std::string(24, '\0') + "\x7f\x10\xda\xbe"),
            "vdi");
  EXPECT_EQ(format("WithoutFreeSpace"), "parallels");
  EXPECT_EQ(format("WithouFreSpacExt"), "parallels");
  const TemporaryFile odd("# Disk DescriptorFile\n");
  EXPECT_EQ(backend::DiskFile::open(odd.path(), false, "disk 0").error().what, Fault::kDiskFormat);
  // All but the last byte, or elsewhere.
  EXPECT_EQ(format("vhdxfil"), "raw");
  EXPECT_EQ(format(" KDMV"), "raw");
  EXPECT_EQ(format("\x7f\x10\xda\xbe"), "raw");
}

}  // namespace
}  // namespace pvh::virtio
