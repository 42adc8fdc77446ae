#include "arguments.hpp"

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>

#include "words.hpp"

namespace pvh::cli {
namespace {

using Wrong = std::unexpected<std::string>;

/// getopt_long names a long option by its place among ours from here on; a short one by its letter.
constexpr int kFirstLong = 256;

bool is_long(std::string_view name) {
  return name.starts_with("--");
}

}  // namespace

void ArgumentParser::add(std::string_view names, const Option& option) {
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    options_.push_back(option);
    options_.back().name = names.substr(0, comma);
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
  }
}

void ArgumentParser::add_flag(std::string_view names, bool& into) {
  add(names, {.name = {}, .flag = &into});
}

void ArgumentParser::add_last(std::string_view names, std::string& into) {
  add(names, {.name = {}, .last = &into});
}

void ArgumentParser::add_all(std::string_view names, std::vector<std::string>& into) {
  add(names, {.name = {}, .all = &into});
}

void ArgumentParser::set_file(std::string_view name, std::string& into) {
  file_name_ = name;
  file_ = &into;
}

void ArgumentParser::set_words(std::string_view name, std::string& first, std::vector<std::string>& others) {
  set_file(name, first);
  words_ = &others;
}

std::vector<std::string> ArgumentParser::names() const {
  std::vector<std::string> out;
  out.reserve(options_.size());
  for (const Option& option : options_) out.push_back(option.name);
  return out;
}

std::expected<void, std::string> ArgumentParser::parse(std::span<const std::string> arguments) const {
  // Words come in their order, wherever they stand; a missing value is told apart from an unknown option.
  std::string letters = "-:";
  std::vector<option> table;
  for (std::size_t i = 0; i < options_.size(); ++i) {
    const Option& each = options_[i];
    const bool has_value = each.flag == nullptr;
    if (is_long(each.name))
      table.push_back({.name = each.name.c_str() + 2,
                       .has_arg = has_value ? required_argument : no_argument,
                       .flag = nullptr,
                       .val = kFirstLong + static_cast<int>(i)});
    else
      letters.append(each.name.substr(1)).append(has_value ? ":" : "");
  }
  table.push_back({.name = nullptr, .has_arg = 0, .flag = nullptr, .val = 0});

  // getopt_long does not write to them.
  std::vector<char*> words{const_cast<char*>("pvh")};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  const int count = static_cast<int>(words.size());
  words.push_back(nullptr);
  optind = 0;  // from the start, whatever an earlier call left
  opterr = 0;
  std::vector<char*> files;
  int found = 0;
  while ((found = ::getopt_long(count, words.data(), letters.c_str(), table.data(), nullptr)) != -1) {
    if (found == 1) {
      files.push_back(optarg);
      continue;
    }
    const std::string_view typed = words[static_cast<std::size_t>(optind - 1)];
    if (found == ':') return Wrong(fmt::format("{} needs a value", printable(typed)));
    if (found == '?') {
      const bool known = optopt >= kFirstLong;  // a flag with a value
      if (known) return Wrong(fmt::format("{} takes no value", options_[optopt - kFirstLong].name));
      const bool letter = optopt != 0 && !is_long(typed);
      const std::string name = letter ? fmt::format("-{}", static_cast<char>(optopt)) : std::string(typed);
      return Wrong(fmt::format("there is no option {}", printable(name)));
    }
    const auto used = std::ranges::find_if(options_, [&](const Option& each) {
      return found >= kFirstLong ? &each == &options_[static_cast<std::size_t>(found - kFirstLong)]
                                 : each.name.size() == 2 && each.name[1] == static_cast<char>(found);
    });
    if (used->flag != nullptr) *used->flag = true;
    if (used->last != nullptr) {
      // A script whose variable is not set must not run without the limit that it thinks it gave.
      if (*optarg == '\0') return Wrong(fmt::format("{} needs a value", used->name));
      *used->last = optarg;
    }
    if (used->all != nullptr) used->all->emplace_back(optarg);
  }
  files.insert(files.end(), words.begin() + optind, words.begin() + count);
  return take_words(files);
}

std::expected<void, std::string> ArgumentParser::take_words(std::span<char* const> words) const {
  const std::size_t most = file_ != nullptr ? 1 : 0;
  if (words.size() > most && words_ == nullptr)
    return Wrong(fmt::format("{} is one word too many", printable(words[most])));
  if (file_ == nullptr) return {};
  if (words.empty()) return Wrong(fmt::format("{} is missing", file_name_));
  if (words_ != nullptr) words_->assign(words.begin() + 1, words.end());
  *file_ = words.front();
  return {};
}

}  // namespace pvh::cli
