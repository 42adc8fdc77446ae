#include "template.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pvh::runners {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Place::kCount_)> kNames{
    "{kernel}", "{initrd}", "{cmdline}", "{memory}", "{cpus}", "{output}"};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// "{word}" at the front of `text`; empty where none stands there.
std::string_view braced_name(std::string_view text) {
  std::size_t end = 1;
  while (end < text.size() && is_of_a_name(text[end])) ++end;
  return end > 1 && end < text.size() && text[end] == '}' ? text.substr(0, end + 1) : std::string_view();
}

}  // namespace

std::string_view place_name(Place place) {
  return kNames.at(static_cast<std::size_t>(place));
}

PlaceValues& PlaceValues::set(Place place, std::optional<std::string> value) {
  values_.at(static_cast<std::size_t>(place)) = std::move(value);
  return *this;
}

const std::optional<std::string>& PlaceValues::of(Place place) const {
  return values_.at(static_cast<std::size_t>(place));
}

/// Reads a template once, from its front to its end.
class TemplateReader {
 public:
  explicit TemplateReader(std::string_view text) : text_(text), rest_(text) {}

  Result<Template> read() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      auto done = quote_ != 0 ? in_quotes(c) : outside(c);
      if (!done) return std::unexpected(done.error());
    }
    if (quote_ != 0) return open(fmt::format("a {} without its end", quote_));
    if (in_group_) return open("a [ without its end");
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::unexpected<Error> open(std::string found) const {
    return std::unexpected(
        Error{.what = Fault::kOpenTemplate, .subject = std::string(text_), .found = std::move(found)});
  }

  Template::Word& word() {
    if (!in_word_) out_.words_.push_back({.group = in_group_ ? groups_ : 0});
    in_word_ = true;
    return out_.words_.back();
  }

  Result<void> in_quotes(char c) {
    if (c != quote_) return take_part();
    quote_ = 0;
    rest_.remove_prefix(1);
    return {};
  }

  Result<void> outside(char c) {
    if (!is_space(c) && c != '"' && c != '\'' && c != '[' && c != ']') return take_part();
    rest_.remove_prefix(1);
    if (c == '"' || c == '\'') {
      static_cast<void>(word());  // also where nothing stands between them
      quote_ = c;
      return {};
    }
    in_word_ = false;
    if (c == '[' && in_group_) return open("a [ inside of [ ]");
    if (c == ']' && !in_group_) return open("a ] without a [ before it");
    if (c == '[') ++groups_;
    if (c == '[' || c == ']') in_group_ = c == '[';
    return {};
  }

  /// A character, or a place.
  Result<void> take_part() {
    const std::string_view name =
        rest_.starts_with("{{") || !rest_.starts_with('{') ? "" : braced_name(rest_);
    if (name.empty()) {
      word().parts.emplace_back(rest_.front());
      rest_.remove_prefix(rest_.starts_with("{{") ? 2 : 1);
      return {};
    }
    const auto* const known = std::ranges::find(kNames, name);
    if (known == kNames.end())
      return std::unexpected(Error{.what = Fault::kUnknownPlace,
                                   .subject = std::string(text_),
                                   .found = std::string(name),
                                   .wanted = fmt::format("{}", fmt::join(kNames, ", "))});
    word().parts.emplace_back(static_cast<Place>(known - kNames.begin()));
    rest_.remove_prefix(name.size());
    return {};
  }

  std::string_view text_;
  std::string_view rest_;
  Template out_;
  char quote_ = 0;
  bool in_word_ = false;
  bool in_group_ = false;
  unsigned groups_ = 0;
};

Result<Template> Template::parse(std::string_view text) {
  auto out = TemplateReader(text).read();
  if (out && !out->has(Place::kKernel))
    return std::unexpected(Error{.what = Fault::kNoKernelPlace,
                                 .subject = std::string(text),
                                 .wanted = std::string(place_name(Place::kKernel))});
  return out;
}

bool Template::has(Place place) const {
  return std::ranges::any_of(words_, [&](const Word& word) {
    return std::ranges::find(word.parts, Part(place)) != word.parts.end();
  });
}

std::optional<std::string> Template::program() const {
  std::string out;
  for (const Part& part : words_.front().parts) {
    if (!std::holds_alternative<char>(part)) return std::nullopt;
    out += std::get<char>(part);
  }
  return words_.front().group == 0 ? std::optional(out) : std::nullopt;
}

std::vector<std::string> Template::filled(const PlaceValues& values) const {
  const auto lacks = [&](const Part& part) {
    const auto* const place = std::get_if<Place>(&part);
    return place != nullptr && !values.of(*place);
  };
  std::vector<unsigned> incomplete;
  for (const Word& word : words_)
    if (word.group != 0 && std::ranges::any_of(word.parts, lacks)) incomplete.push_back(word.group);

  std::vector<std::string> out;
  for (const Word& word : words_) {
    if (std::ranges::find(incomplete, word.group) != incomplete.end()) continue;
    std::string& text = out.emplace_back();
    for (const Part& part : word.parts) {
      if (const auto* const character = std::get_if<char>(&part))
        text += *character;
      else
        text += values.of(std::get<Place>(part)).value_or("");
    }
  }
  return out;
}

}  // namespace pvh::runners
