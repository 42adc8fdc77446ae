#include "pvh/cache/kernels.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#include "entry.hpp"

namespace pvh::cache {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t clock(clockid_t id) {
  timespec time = {};
  ::clock_gettime(id, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t now() {
  return clock(CLOCK_REALTIME);
}

/// Whether a change to `file` from now on must show in its times. Those have steps (4 ms and more, 2 s on
/// some disks): what changes within one after it was read looks unchanged. A clock of another machine may be
/// ahead.
bool settled(const system::FileState& file) {
  constexpr std::uint64_t kStep = 2 * kSecond;
  const std::uint64_t time = now();
  return file.changed < time && time - file.changed > kStep && file.modified < time;
}

Trust trust_in(const Entry& entry) {
  return entry.on_disk ? Trust::kYes : trust_in(entry, now(), boot_number());
}

/// Who writes or removes files has the directory to itself; who finds it taken does not wait.
class Lock {
 public:
  Lock(const Store& store, bool wait) : directory_(store.directory()) {
    held_ = ::flock(directory_, LOCK_EX | (wait ? 0 : LOCK_NB)) == 0;
  }
  ~Lock() {
    if (held_) ::flock(directory_, LOCK_UN);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  explicit operator bool() const { return held_; }

 private:
  int directory_;
  bool held_;
};

UniqueFd open_file(const Store& store, const std::string& name) {
  return UniqueFd(
      ::openat(store.directory(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

class Mapping {
 public:
  Mapping(const UniqueFd& file, std::uint64_t size) : size_(static_cast<std::size_t>(size)) {
    place_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  }
  ~Mapping() {
    if (place_ != MAP_FAILED) ::munmap(place_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  [[nodiscard]] const void* get() const { return place_ == MAP_FAILED ? nullptr : place_; }

 private:
  std::size_t size_;
  void* place_;
};

bool same_contents(const UniqueFd& a, const UniqueFd& b, std::uint64_t size) {
  const Mapping first(a, size);
  const Mapping second(b, size);
  return first.get() != nullptr && second.get() != nullptr &&
         std::memcmp(first.get(), second.get(), static_cast<std::size_t>(size)) == 0;
}

/// The file that `draft` became.
struct Stored {
  system::FileState state;
  std::uint32_t number;
};

/// Gives `draft` a name, or finds the file that has the same contents already.
std::optional<Stored> store_once(const Store& store, const UniqueFd& draft, std::uint64_t size) {
  for (std::uint32_t number = 0; number < kMostOfOneSize; ++number) {
    const std::string name = elf_name(size, number);
    if (store.name(draft, name)) {
      const auto state = system::FileState::of(draft.get());
      if (!state) return std::nullopt;
      return Stored{*state, number};
    }
    const UniqueFd other = open_file(store, name);
    const auto before = system::FileState::of(other.get());
    if (!before || before->size != size || !same_contents(draft, other, size)) continue;
    if (system::FileState::of(other.get()) == before) return Stored{*before, number};
  }
  return std::nullopt;
}

/// An entry whose ELF file is as it was kept.
struct Sound {
  std::string key;
  Entry entry;
  std::uint64_t last_used;
  [[nodiscard]] std::string file() const { return elf_name(entry.stored.size, entry.number); }
};

std::optional<Sound> sound_entry(const Store& store, const std::string& key) {
  const auto value = store.find(key);
  if (!value) return std::nullopt;
  auto entry = read_entry(value->bytes);
  if (!entry || key_of(entry->source, entry->offset) != key) return std::nullopt;
  Sound sound{key, std::move(*entry), value->stamp};
  struct stat status = {};
  if (::fstatat(store.directory(), sound.file().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return std::nullopt;
  if (!S_ISREG(status.st_mode) || system::FileState::from(status) != sound.entry.stored) return std::nullopt;
  if (trust_in(sound.entry) == Trust::kNo) return std::nullopt;
  return sound;
}

std::string key_in(const std::string& name) {
  return name.substr(kValuePrefix.size());
}

bool names_entry(const std::string& name) {
  return name.starts_with(kValuePrefix) && key_in(name).starts_with(kKernelKeyPrefix);
}

/// Last used first.
std::vector<Sound> sound_entries(const Store& store, const std::vector<std::string>& names) {
  std::vector<Sound> out;
  for (const std::string& name : names) {
    if (!names_entry(name)) continue;
    if (auto sound = sound_entry(store, key_in(name))) out.push_back(std::move(*sound));
  }
  std::ranges::sort(out, std::ranges::greater(), &Sound::last_used);
  return out;
}

/// Keeps of `entries` those that were used last, as far as `limit` goes, and removes all other entries and
/// ELF files: also damaged ones, and those that nothing refers to.
void tidy(const Store& store, std::uint64_t limit) {
  const std::vector<std::string> names = store.names();
  std::vector<std::string> stay;
  std::uint64_t total = 0;
  for (const Sound& sound : sound_entries(store, names)) {
    const std::string file = sound.file();
    if (std::ranges::find(stay, file) == stay.end()) {
      if (sound.entry.stored.size > limit - total) continue;
      total += sound.entry.stored.size;
      stay.push_back(file);
    }
    stay.push_back(std::string(kValuePrefix) + sound.key);
  }
  for (const std::string& name : names) {
    const bool ours = names_entry(name) || name.starts_with(kElfPrefix);
    if (ours && std::ranges::find(stay, name) == stay.end()) ::unlinkat(store.directory(), name.c_str(), 0);
  }
}

}  // namespace

const Store* Kernels::store(Access access) {
  if (store_) return &*store_;
  auto opened = Store::open(access);
  if (!opened || !*opened) return nullptr;
  store_ = std::move(**opened);
  return &*store_;
}

UniqueFd Kernels::find(const Source& source) {
  constexpr std::uint64_t kStampStep = 3600 * kSecond;
  if (limit_ == 0) return {};
  const Store* const store = this->store(Access::kRead);
  if (store == nullptr) return {};
  const std::string key = key_of(source.state, source.offset);
  const auto value = store->find(key);
  auto entry = value ? read_entry(value->bytes) : std::nullopt;
  if (!entry || entry->source != source.state || entry->offset != source.offset ||
      entry->length != source.packed.size() || entry->fingerprint != fingerprint_of(source.packed))
    return {};
  UniqueFd file = open_file(*store, elf_name(entry->stored.size, entry->number));
  if (!file || system::FileState::of(file.get()) != entry->stored) return {};

  const Trust trust = trust_in(*entry);
  if (trust == Trust::kNo) return {};
  if (trust == Trust::kWhenOnDisk && ::fsync(file.get()) == 0) {
    entry->on_disk = true;
    if (const auto bytes = write_entry(*entry)) store->keep(key, *bytes);
    return file;
  }
  if (value->stamp + kStampStep < now()) store->touch(key);
  return file;
}

UniqueFd Kernels::draft(const Source& source, std::uint64_t size) {
  if (size == 0 || size > limit_ || !settled(source.state)) return {};
  const Store* const store = this->store(Access::kCreate);
  return store == nullptr ? UniqueFd() : store->unnamed(size);
}

bool Kernels::keep(const Source& source, const UniqueFd& draft, const Label& label) {
  const Store* const store = this->store(Access::kCreate);
  const auto written = system::FileState::of(draft.get());
  if (store == nullptr || !written) return false;
  // Whoever changed the source while it was read may have made a kernel that never was.
  if (system::FileState::of(source.descriptor) != source.state) return false;
  const Lock lock(*store, false);
  if (!lock) return false;

  const auto stored = store_once(*store, draft, written->size);
  if (!stored) return false;
  const auto bytes = write_entry({.source = source.state,
                                  .offset = source.offset,
                                  .length = source.packed.size(),
                                  .fingerprint = fingerprint_of(source.packed),
                                  .stored = stored->state,
                                  .number = stored->number,
                                  .boot = boot_number(),
                                  .on_disk = false,
                                  .label = label});
  const bool kept = bytes && store->keep(key_of(source.state, source.offset), *bytes);
  tidy(*store, limit_);
  return kept;
}

Contents Kernels::list() {
  Contents out;
  const Store* const store = this->store(Access::kRead);
  if (store == nullptr) return out;
  std::vector<std::string> counted;
  for (Sound& sound : sound_entries(*store, store->names())) {
    out.kernels.push_back(
        {std::move(sound.entry.label), sound.entry.stored.size, sound.last_used, sound.file()});
    if (std::ranges::find(counted, sound.file()) != counted.end()) continue;
    counted.push_back(sound.file());
    out.total += sound.entry.stored.size;
  }
  return out;
}

std::uint64_t Kernels::clear() {
  const Store* const store = this->store(Access::kRead);
  if (store == nullptr) return 0;
  const Lock lock(*store, true);
  std::uint64_t freed = 0;
  for (const std::string& name : store->names()) {
    if (!name.starts_with(kElfPrefix) && !name.starts_with(kValuePrefix)) continue;
    struct stat status = {};
    const bool known = ::fstatat(store->directory(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (known && ::unlinkat(store->directory(), name.c_str(), 0) == 0)
      freed += static_cast<std::uint64_t>(status.st_size);
  }
  return freed;
}

}  // namespace pvh::cache
