#include "json_outline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

namespace pvh::conform {
namespace {

using Json = nlohmann::json;

// The largest capture that its lists allow has some three million values, and a depth of four.
constexpr std::size_t kMostValues = std::size_t{4} << 20U;
constexpr std::size_t kMostMembers = 65536;
constexpr std::size_t kMostDepth = 32;
constexpr std::size_t kMostNumbers = 64;
constexpr std::size_t kMostName = 256;
constexpr int kNumberOverflow = 406;  // the library's

/// Every function gives false at the first thing wrong, which ends the reading.
class Outline final : public nlohmann::json_sax<Json> {
 public:
  std::optional<Error> error;
  WrittenNumbers numbers;

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t& written) override {
    if (!value()) return false;
    if (numbers.size() < kMostNumbers) numbers.emplace(path(), written);
    return true;
  }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool start_object(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    if (name.size() > kMostName || name.find('\0') != std::string::npos)
      return wrong(path(), fmt::format("a member with a name of {} bytes", name.size()),
                   fmt::format("names of at most {} bytes, without NUL", kMostName));
    level.name = name;
    if (!level.names.insert(name).second) return wrong(path(), "there twice", "there once");
    if (level.names.size() <= kMostMembers) return true;
    levels_.pop_back();
    return wrong(path(), "an object of more members", fmt::format("one of at most {}", kMostMembers));
  }

  bool parse_error(std::size_t, const std::string& token,
                   const nlohmann::detail::exception& problem) override {
    if (problem.id == kNumberOverflow) {
      static_cast<void>(value());
      return wrong(path(), token, "a number");
    }
    // The library's own words begin with "[json.exception…] ".
    const std::string words = problem.what();
    error = Error{.what = Fault::kCaptureNotJson,
                  .found = words.substr(std::min(words.find("] ") + 2, words.size()))};
    return false;
  }

 private:
  /// An object or list that is not read to its end.
  struct Level {
    bool is_list;
    std::size_t next = 0;   ///< of a list
    std::string name = {};  ///< of an object: the last member's
    std::set<std::string> names = {};
  };

  [[nodiscard]] std::string path() const {
    std::string out;
    for (const Level& level : levels_) {
      if (level.is_list)
        out += fmt::format("[{}]", level.next == 0 ? 0 : level.next - 1);
      else
        out = joined_path(out, level.name);
    }
    return out.empty() ? "the whole" : out;
  }

  bool wrong(std::string where, std::string found, std::string wanted) {
    error = Error{.what = Fault::kCaptureMember,
                  .subject = std::move(where),
                  .found = std::move(found),
                  .wanted = std::move(wanted)};
    return false;
  }

  bool value() {
    if (!levels_.empty()) ++levels_.back().next;
    return ++values_ <= kMostValues ||
           wrong("the whole", "of more values", fmt::format("of at most {}", kMostValues));
  }

  bool open(bool is_list) {
    if (!value()) return false;
    if (levels_.size() >= kMostDepth)
      return wrong(path(), "nested deeper", fmt::format("{} deep at most", kMostDepth));
    levels_.push_back({.is_list = is_list});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  std::vector<Level> levels_;
  std::size_t values_ = 0;
};

}  // namespace

std::string joined_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

Result<WrittenNumbers> outline_of(std::string_view json) {
  // For the library a NUL is the end of the text, whatever comes behind it.
  if (const auto at = json.find('\0'); at != std::string_view::npos)
    return std::unexpected(
        Error{.what = Fault::kCaptureNotJson, .found = fmt::format("there is a NUL at byte {}", at)});
  Outline outline;
  static_cast<void>(Json::sax_parse(json, &outline));
  if (outline.error) return std::unexpected(*outline.error);
  return std::move(outline.numbers);
}

}  // namespace pvh::conform
