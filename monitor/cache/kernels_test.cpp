#include "pvh/cache/kernels.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "entry.hpp"
#include "scratch.hpp"

namespace pvh::cache {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kPackedSize = 5000;
constexpr std::size_t kElfSize = 100'000;
constexpr std::uint64_t kOffset = 100;

/// Packed files that were not changed for longer than two seconds: waited for once, for all tests.
class Sources {
 public:
  Sources() {
    for (unsigned i = 0; i < 40; ++i) write_to(folder_ / std::to_string(i), random_bytes(kPackedSize, i));
    std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  }
  std::string next() { return folder_ / std::to_string(next_++); }

 private:
  Folder folder_;
  int next_ = 0;
};

std::string next_source() {
  static Sources sources;
  return sources.next();
}

/// A file that holds packed bytes, opened as a start would.
struct Opened {
  explicit Opened(const std::string& named)
      : path(named), file(opened(named)), state(*system::FileState::of(file.get())) {
    bytes.resize(state.size);
    EXPECT_EQ(::pread(file.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] Source source() const {
    return {
        .descriptor = file.get(), .state = state, .offset = kOffset, .packed = Bytes(bytes).subspan(kOffset)};
  }
  std::string path;
  UniqueFd file;
  system::FileState state;
  std::vector<std::byte> bytes;
};

class KeptKernels : public testing::Test {
 protected:
  [[nodiscard]] std::string place() const { return folder_ / "kept"; }
  [[nodiscard]] Kernels kernels(std::uint64_t limit = kDefaultLimit) const {
    auto store = Store::open_at(place(), Access::kCreate);
    EXPECT_TRUE(store && *store);
    return Kernels(std::move(**store), limit);
  }

  /// As a first start does it. The ELF is random bytes by `seed`.
  static bool start_first(Kernels& kernels, const Opened& from, unsigned seed, std::size_t size = kElfSize) {
    const UniqueFd draft = kernels.draft(from.source(), size);
    if (!draft) return false;
    const auto elf = random_bytes(size, seed);
    EXPECT_EQ(::pwrite(draft.get(), elf.data(), elf.size(), 0), static_cast<ssize_t>(elf.size()));
    return kernels.keep(from.source(), draft, {.path = from.path, .release = "6.1"});
  }

  /// What a later start finds.
  static std::vector<std::byte> found(Kernels& kernels, const Opened& from) {
    const UniqueFd file = kernels.find(from.source());
    if (!file) return {};
    std::vector<std::byte> out(system::FileState::of(file.get())->size);
    EXPECT_EQ(::pread(file.get(), out.data(), out.size(), 0), static_cast<ssize_t>(out.size()));
    return out;
  }

  [[nodiscard]] std::string elf_path(std::uint32_t number = 0, std::size_t size = kElfSize) const {
    return place() + "/" + elf_name(size, number);
  }

  Folder folder_;
};

TEST_F(KeptKernels, AreFoundBySourceAndOffset) {
  const Opened from(next_source());
  Kernels kernels = this->kernels();
  EXPECT_THAT(found(kernels, from), IsEmpty());
  ASSERT_TRUE(start_first(kernels, from, 1));
  EXPECT_EQ(found(kernels, from), random_bytes(kElfSize, 1));

  Source elsewhere = from.source();
  elsewhere.offset += 1;
  EXPECT_FALSE(kernels.find(elsewhere));
  Source shorter = from.source();
  shorter.packed = shorter.packed.first(10);
  EXPECT_FALSE(kernels.find(shorter));
  EXPECT_THAT(found(kernels, Opened(next_source())), IsEmpty());
}

TEST_F(KeptKernels, CannotBeWrittenTo) {
  const Opened from(next_source());
  Kernels kernels = this->kernels();
  ASSERT_TRUE(start_first(kernels, from, 1));
  struct stat status = {};
  ASSERT_EQ(::stat(elf_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0400U);
}

TEST_F(KeptKernels, WithTheSameContentsAreOneFile) {
  const Opened a(next_source());
  const Opened b(next_source());
  Kernels kernels = this->kernels();
  ASSERT_TRUE(start_first(kernels, a, 1));
  ASSERT_TRUE(start_first(kernels, b, 1));
  EXPECT_THAT(listing(place()), SizeIs(3));
  EXPECT_EQ(found(kernels, a), found(kernels, b));
  EXPECT_EQ(kernels.list().total, kElfSize);
  EXPECT_THAT(kernels.list().kernels, SizeIs(2));
}

TEST_F(KeptKernels, OfOneSizeAreNotTakenForOneAnother) {
  const Opened a(next_source());
  const Opened b(next_source());
  Kernels kernels = this->kernels();
  ASSERT_TRUE(start_first(kernels, a, 1));
  ASSERT_TRUE(start_first(kernels, b, 2));
  EXPECT_EQ(found(kernels, a), random_bytes(kElfSize, 1));
  EXPECT_EQ(found(kernels, b), random_bytes(kElfSize, 2));
}

TEST_F(KeptKernels, OfASourceThatChangedInPlaceAreNotFound) {
  const std::string path = next_source();
  Kernels kernels = this->kernels();
  {
    const Opened from(path);
    ASSERT_TRUE(start_first(kernels, from, 1));
  }
  struct stat before = {};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  auto other = random_bytes(kPackedSize, 99);
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::pwrite(file.get(), other.data(), other.size(), 0), static_cast<ssize_t>(other.size()));
  const timespec times[] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::futimens(file.get(), times), 0);
  const Opened from(path);
  EXPECT_EQ(from.state.modified, system::FileState::from(before).modified);
  EXPECT_THAT(found(kernels, from), IsEmpty());
}

TEST_F(KeptKernels, AreNotFoundWhereOnlyThePackedBytesDiffer) {
  const Opened from(next_source());
  Kernels kernels = this->kernels();
  ASSERT_TRUE(start_first(kernels, from, 1));
  Source liar = from.source();  // a disk whose times do not tell
  auto bytes = std::vector<std::byte>(liar.packed.begin(), liar.packed.end());
  bytes.back() ^= std::byte{1};
  liar.packed = bytes;
  EXPECT_FALSE(kernels.find(liar));
}

TEST_F(KeptKernels, OfAYoungSourceThereAreNone) {
  const std::string path = folder_ / "young";
  write_to(path, random_bytes(kPackedSize, 1));
  const Opened from(path);
  Kernels kernels = this->kernels();
  EXPECT_FALSE(start_first(kernels, from, 1));
  EXPECT_THAT(listing(place()), IsEmpty());
}

TEST_F(KeptKernels, OfASourceThatChangedMeanwhileThereAreNone) {
  const Opened from(next_source());
  Kernels kernels = this->kernels();
  const UniqueFd draft = kernels.draft(from.source(), kElfSize);
  ASSERT_TRUE(draft);
  write_to(from.path, random_bytes(kPackedSize, 98));
  EXPECT_FALSE(kernels.keep(from.source(), draft, {}));
  EXPECT_THAT(listing(place()), IsEmpty());
}

/// What can happen to a kept file.
struct Damage {
  const char* name;
  void (*happens)(const std::string& elf, const Folder& folder);
};

class DamagedKernels : public KeptKernels, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedKernels, AreNoticedAndMadeAnew) {
  const Opened from(next_source());
  Kernels kernels = this->kernels();
  ASSERT_TRUE(start_first(kernels, from, 1));
  GetParam().happens(elf_path(), folder_);
  EXPECT_THAT(found(kernels, from), IsEmpty());
  ASSERT_TRUE(start_first(kernels, from, 1));
  EXPECT_EQ(found(kernels, from), random_bytes(kElfSize, 1));
  EXPECT_THAT(listing(place()), SizeIs(2)) << "the damaged file stayed";
}

/// Without a trace but for what only the kernel can set.
void replace_contents(const std::string& elf, std::size_t from, Bytes bytes) {
  struct stat before = {};
  ASSERT_EQ(::stat(elf.c_str(), &before), 0);
  ASSERT_EQ(::chmod(elf.c_str(), 0600), 0);
  const UniqueFd file(::open(elf.c_str(), O_WRONLY | O_CLOEXEC));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a tick of the clock of files
  ASSERT_EQ(::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(from)),
            static_cast<ssize_t>(bytes.size()));
  ASSERT_EQ(::fchmod(file.get(), 0400), 0);
  const timespec times[] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::futimens(file.get(), times), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Each, DamagedKernels,
    testing::Values(
        Damage{"Truncated",
               [](const std::string& elf, const Folder&) { EXPECT_EQ(::truncate(elf.c_str(), 10), 0); }},
        Damage{"Gone", [](const std::string& elf, const Folder&) { EXPECT_EQ(::unlink(elf.c_str()), 0); }},
        Damage{"OneByte", [](const std::string& elf,
                             const Folder&) { replace_contents(elf, 50'000, random_bytes(1, 3)); }},
        Damage{"AllBytes", [](const std::string& elf,
                              const Folder&) { replace_contents(elf, 0, random_bytes(kElfSize, 4)); }},
        Damage{"AnotherFile",
               [](const std::string& elf, const Folder& folder) {
                 struct stat before = {};
                 ASSERT_EQ(::stat(elf.c_str(), &before), 0);
                 const std::string other = folder / "other";
                 write_to(other, random_bytes(kElfSize, 5));
                 const timespec times[] = {before.st_atim, before.st_mtim};
                 ASSERT_EQ(::utimensat(AT_FDCWD, other.c_str(), times, 0), 0);
                 ASSERT_EQ(::chmod(other.c_str(), 0400), 0);
                 std::filesystem::rename(other, elf);
               }},
        Damage{"ALink",
               [](const std::string& elf, const Folder& folder) {
                 std::filesystem::rename(elf, folder / "moved");
                 std::filesystem::create_symlink(folder / "moved", elf);
               }},
        Damage{"Foreign",
               [](const std::string& elf, const Folder&) {
                 std::this_thread::sleep_for(std::chrono::milliseconds(20));
                 ASSERT_EQ(::chmod(elf.c_str(), 0444), 0);
               }},
        Damage{"NoEntry",
               [](const std::string& elf, const Folder&) {
                 const std::filesystem::path folder = std::filesystem::path(elf).parent_path();
                 for (const std::string& name : listing(folder)) {
                   if (name.starts_with(kValuePrefix)) {
                     ASSERT_EQ(::unlink((folder / name).c_str()), 0);
                   }
                 }
               }},
        Damage{"EntryCut",
               [](const std::string& elf, const Folder&) {
                 const std::filesystem::path folder = std::filesystem::path(elf).parent_path();
                 for (const std::string& name : listing(folder)) {
                   if (name.starts_with(kValuePrefix)) {
                     ASSERT_EQ(::truncate((folder / name).c_str(), 60), 0);
                   }
                 }
               }}),
    [](const auto& each) { return each.param.name; });

TEST_F(KeptKernels, NeverExceedTheLimitAndTheLeastRecentlyUsedGoes) {
  const Opened a(next_source());
  const Opened b(next_source());
  const Opened c(next_source());
  Kernels kernels = this->kernels(2 * kElfSize + 10);
  ASSERT_TRUE(start_first(kernels, a, 1));
  ASSERT_TRUE(start_first(kernels, b, 2));
  // `a` was kept first, but `b` was used longest ago.
  const auto stamp = [&](const Opened& of, std::chrono::seconds age) {
    const auto then = std::chrono::system_clock::now() - age;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(then.time_since_epoch()).count();
    const timespec times[] = {{seconds, 0}, {seconds, 0}};
    const std::string path = place() + "/" + std::string(kValuePrefix) + key_of(of.state, kOffset);
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  };
  stamp(a, std::chrono::hours(2));
  stamp(b, std::chrono::hours(3));
  ASSERT_TRUE(start_first(kernels, c, 3));
  EXPECT_EQ(found(kernels, a), random_bytes(kElfSize, 1));
  EXPECT_THAT(found(kernels, b), IsEmpty());
  EXPECT_EQ(found(kernels, c), random_bytes(kElfSize, 3));
  EXPECT_EQ(kernels.list().total, 2 * kElfSize);

  stamp(a, std::chrono::hours(5));
  EXPECT_FALSE(found(kernels, a).empty());  // which stamps it
  EXPECT_EQ(kernels.list().kernels.at(0).label.path, a.path);
}

TEST_F(KeptKernels, LargerThanTheLimitAreNotKept) {
  const Opened from(next_source());
  Kernels kernels = this->kernels(kElfSize - 1);
  EXPECT_FALSE(start_first(kernels, from, 1));
  EXPECT_THAT(listing(place()), IsEmpty());
}

TEST_F(KeptKernels, AreListedAndCleared) {
  const Opened from(next_source());
  Kernels kernels = this->kernels();
  ASSERT_TRUE(start_first(kernels, from, 1));
  write_to(place() + "/not-ours", as_bytes("x"));
  const Contents contents = kernels.list();
  ASSERT_THAT(contents.kernels, SizeIs(1));
  EXPECT_EQ(contents.kernels[0].label.path, from.path);
  EXPECT_EQ(contents.kernels[0].label.release, "6.1");
  EXPECT_EQ(contents.kernels[0].size, kElfSize);
  EXPECT_EQ(contents.kernels[0].file, elf_name(kElfSize, 0));
  EXPECT_GE(kernels.clear(), kElfSize);
  EXPECT_THAT(listing(place()), ElementsAre("not-ours"));
  EXPECT_THAT(kernels.list().kernels, IsEmpty());
}

TEST_F(KeptKernels, OfRacingStartsAreOne) {
  const std::string path = next_source();
  {
    std::vector<std::jthread> starts;
    for (int i = 0; i < 8; ++i) {
      starts.emplace_back([this, &path] {
        const Opened from(path);
        Kernels kernels = this->kernels();
        for (int round = 0; round < 10; ++round) {
          const auto elf = found(kernels, from);
          if (!elf.empty()) {
            EXPECT_EQ(elf, random_bytes(kElfSize, 1));
          }
          start_first(kernels, from, 1);
        }
      });
    }
  }
  const Opened from(path);
  Kernels kernels = this->kernels();
  EXPECT_EQ(found(kernels, from), random_bytes(kElfSize, 1));
  EXPECT_THAT(listing(place()), SizeIs(2));
}

TEST_F(KeptKernels, LeaveNothingWhereTheirMakerIsKilled) {
  const std::string path = next_source();
  const pid_t child = ::fork();
  if (child == 0) {
    const Opened from(path);
    Kernels kernels = this->kernels();
    const UniqueFd draft = kernels.draft(from.source(), kElfSize);
    ::raise(draft ? SIGKILL : SIGABRT);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_THAT(listing(place()), IsEmpty());
}

TEST_F(KeptKernels, AreNotMadeOnAFullDisk) {
  const Disk disk(place(), "size=80k,mode=0700");
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount";
  const Opened from(next_source());
  Kernels kernels = this->kernels();
  EXPECT_FALSE(kernels.draft(from.source(), kElfSize));
  EXPECT_THAT(listing(place()), IsEmpty());
}

TEST_F(KeptKernels, WithNoRoomForTheirEntryGoAgain) {
  const Disk disk(place(), "nr_inodes=2,mode=0700");  // the directory, and one file
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount";
  const Opened from(next_source());
  Kernels kernels = this->kernels();
  EXPECT_FALSE(start_first(kernels, from, 1));
  EXPECT_THAT(listing(place()), IsEmpty());
}

}  // namespace
}  // namespace pvh::cache
