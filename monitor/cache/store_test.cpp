#include "pvh/cache/store.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <thread>

#include "scratch.hpp"

namespace pvh::cache {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Store open_store(const std::string& path) {
  auto store = Store::open_at(path, Access::kCreate);
  if (!store || !*store) {
    ADD_FAILURE() << "no store in " << path;
    std::abort();
  }
  return std::move(**store);
}

std::string text_of(const std::optional<Value>& value) {
  return value ? std::string(as_text(value->bytes)) : "nothing";
}

TEST(Store, IsMadeForThisUserAlone) {
  const Folder folder;
  const Store store = open_store(folder / "a");
  struct stat status = {};
  ASSERT_EQ(::stat((folder / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST(Store, IsNotMadeByReading) {
  const Folder folder;
  const auto store = Store::open_at(folder / "a", Access::kRead);
  ASSERT_TRUE(store);
  EXPECT_FALSE(*store);
  EXPECT_THAT(listing(folder.path()), IsEmpty());
}

TEST(Store, IsNotUsedWhereOthersMayLookIn) {
  const Folder folder;
  ::mkdir((folder / "a").c_str(), 0700);
  ASSERT_EQ(::chmod((folder / "a").c_str(), 0750), 0);
  const auto store = Store::open_at(folder / "a", Access::kCreate);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().what, Fault::kCacheForeign);
}

TEST(Store, IsNotUsedWhereItIsAnothers) {
  const Folder folder;
  ::mkdir((folder / "a").c_str(), 0700);
  if (::chown((folder / "a").c_str(), 12345, 12345) != 0) GTEST_SKIP() << "only root gives files away";
  const auto store = Store::open_at(folder / "a", Access::kCreate);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().what, Fault::kCacheForeign);
}

TEST(Store, IsNotMadeInAnothersDirectory) {
  const Folder folder;
  ::mkdir((folder / "home").c_str(), 0777);
  if (::chown((folder / "home").c_str(), 12345, 12345) != 0) GTEST_SKIP() << "only root gives files away";
  const auto store = Store::open_at(folder / "home/a", Access::kCreate);
  EXPECT_TRUE(!store || !*store);
  EXPECT_THAT(listing(folder / "home"), IsEmpty());
}

TEST(Store, IsNotReachedThroughASymbolicLink) {
  const Folder folder;
  open_store(folder / "a");
  std::filesystem::create_symlink(folder / "a", folder / "b");
  const auto store = Store::open_at(folder / "b", Access::kCreate);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().what, Fault::kCacheFailed);
}

TEST(Store, IsFoundByTheEnvironment) {
  const Folder folder;
  ::setenv("XDG_CACHE_HOME", (folder / "xdg").c_str(), 1);
  ::setenv("HOME", folder.path().c_str(), 1);
  auto store = Store::open(Access::kCreate);
  ASSERT_TRUE(store && *store);
  EXPECT_EQ((*store)->path(), folder / "xdg/pvh/kept");

  ::setenv("XDG_CACHE_HOME", "relative/means/nothing", 1);
  store = Store::open(Access::kCreate);
  ASSERT_TRUE(store && *store);
  EXPECT_EQ((*store)->path(), folder / ".cache/pvh/kept");

  ::unsetenv("XDG_CACHE_HOME");
  ::unsetenv("HOME");
  store = Store::open(Access::kCreate);
  ASSERT_TRUE(store);
  EXPECT_FALSE(*store);
}

TEST(Store, GivesBackWhatItKept) {
  const Folder folder;
  const Store store = open_store(folder / "a");
  EXPECT_EQ(text_of(store.find("k")), "nothing");
  EXPECT_TRUE(store.keep("k", as_bytes("one")));
  EXPECT_EQ(text_of(store.find("k")), "one");
  EXPECT_TRUE(store.keep("k", as_bytes("two")));
  EXPECT_EQ(text_of(store.find("k")), "two");
  EXPECT_TRUE(store.keep("empty", {}));
  EXPECT_EQ(text_of(store.find("empty")), "");
  store.forget("k");
  EXPECT_EQ(text_of(store.find("k")), "nothing");
}

TEST(Store, TakesNoKeyThatCouldLeadElsewhere) {
  const Folder folder;
  const Store store = open_store(folder / "a");
  for (const std::string& key : {std::string(), std::string("../x"), std::string("a/b"), std::string("A"),
                                 std::string("a\0b", 3), std::string(101, 'a')}) {
    EXPECT_FALSE(store.keep(key, as_bytes("x"))) << key;
    EXPECT_FALSE(store.find(key)) << key;
  }
  EXPECT_THAT(listing(folder / "a"), IsEmpty());
}

TEST(Store, NoticesEveryDamagedByteAndEveryLength) {
  const Folder folder;
  const Store store = open_store(folder / "a");
  ASSERT_TRUE(store.keep("k", as_bytes("some text")));
  const std::string path = folder / "a/value-k";
  std::string bytes(std::filesystem::file_size(path), ' ');
  std::ifstream(path, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto put = [&](const std::string& text) {
    ::unlink(path.c_str());
    write_to(path, as_bytes(text));
    ::chmod(path.c_str(), 0400);
  };
  put(bytes);
  ASSERT_EQ(text_of(store.find("k")), "some text");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    put(damaged);
    EXPECT_FALSE(store.find("k")) << "byte " << i;
    put(bytes.substr(0, i));
    EXPECT_FALSE(store.find("k")) << "length " << i;
  }
  put(bytes + "x");
  EXPECT_FALSE(store.find("k"));
}

TEST(Store, TakesNoValueForAnother) {
  const Folder folder;
  const Store store = open_store(folder / "a");
  ASSERT_TRUE(store.keep("k", as_bytes("some text")));
  std::filesystem::rename(folder / "a/value-k", folder / "a/value-l");
  EXPECT_FALSE(store.find("l"));
}

TEST(Store, TakesNoValueThatOthersMayWriteOrThatIsNoFile) {
  const Folder folder;
  const Store store = open_store(folder / "a");
  ASSERT_TRUE(store.keep("k", as_bytes("some text")));
  ASSERT_EQ(::chmod((folder / "a/value-k").c_str(), 0420), 0);
  EXPECT_FALSE(store.find("k"));
  ASSERT_EQ(::chmod((folder / "a/value-k").c_str(), 0400), 0);
  ASSERT_TRUE(store.find("k"));
  std::filesystem::create_symlink(folder / "a/value-k", folder / "a/value-l");
  EXPECT_FALSE(store.find("l"));
  ASSERT_EQ(::mkfifo((folder / "a/value-m").c_str(), 0400), 0);
  EXPECT_FALSE(store.find("m"));
}

TEST(Store, KeepsNothingLargerThanAValueMayBe) {
  const Folder folder;
  const Store store = open_store(folder / "a");
  EXPECT_FALSE(store.keep("k", std::vector<std::byte>(kLargestValue)));
  EXPECT_THAT(listing(folder / "a"), IsEmpty());
}

TEST(Store, LeavesNothingOnAFullDisk) {
  const Folder folder;
  const Disk disk(folder / "disk", "size=64k,mode=0700");
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount";
  const Store store = open_store(folder / "disk/a");
  EXPECT_FALSE(store.unnamed(kMiB));
  int kept = 0;
  while (kept < 1000 && store.keep("k" + std::to_string(kept), std::vector<std::byte>(4000))) ++kept;
  EXPECT_LT(kept, 17);
  EXPECT_EQ(listing(folder / "disk/a").size(), static_cast<std::size_t>(kept));
}

TEST(Store, KeepsNothingOnAReadOnlyDisk) {
  const Folder folder;
  const Disk disk(folder / "disk", "size=64k,mode=0700");
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount";
  const Store store = open_store(folder / "disk/a");
  ASSERT_TRUE(store.keep("k", as_bytes("one")));
  ASSERT_TRUE(disk.make_read_only());
  EXPECT_FALSE(store.keep("k", as_bytes("two")));
  store.touch("k");
  EXPECT_EQ(text_of(store.find("k")), "one");
}

TEST(Store, KeepsNothingPastTheLimitForFiles) {
  const Folder folder;
  const Store store = open_store(folder / "a");
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 10, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_FALSE(store.keep("k", as_bytes("some text")));  // and no SIGXFSZ
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(listing(folder / "a"), IsEmpty());
}

TEST(Store, WhoReadsWhileOthersWriteFindsOneOfThemOrNothing) {
  const Folder folder;
  {
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < 3; ++writer) {
      threads.emplace_back([&folder, writer] {
        const Store store = open_store(folder / "a");
        const std::string text(3000, static_cast<char>('a' + writer));
        for (int i = 0; i < 100; ++i) store.keep("k", as_bytes(text));
      });
    }
    threads.emplace_back([&folder] {
      const Store store = open_store(folder / "a");
      for (int i = 0; i < 500; ++i) {
        const auto value = store.find("k");
        if (!value) continue;
        EXPECT_EQ(value->bytes.size(), 3000U);
        EXPECT_EQ(value->bytes.front(), value->bytes.back());
      }
    });
  }
  EXPECT_THAT(listing(folder / "a"), ElementsAre("value-k"));
}

}  // namespace
}  // namespace pvh::cache
