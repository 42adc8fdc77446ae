// The command template of a user's own monitor: words with places in them that a case fills in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pvh/base/error.hpp"

namespace pvh::runners {

/// What may stand in { } in a template.
enum class Place : std::uint8_t { kKernel, kInitrd, kCommandLine, kMemory, kCpus, kOutput, kCount_ };

/// "{kernel}": as it is written.
[[nodiscard]] std::string_view place_name(Place place);

/// What a case has for each place; nothing where it has none.
class PlaceValues {
 public:
  PlaceValues& set(Place place, std::optional<std::string> value);
  [[nodiscard]] const std::optional<std::string>& of(Place place) const;

 private:
  std::array<std::optional<std::string>, static_cast<std::size_t>(Place::kCount_)> values_;
};

/// Words are split at spaces outside of quotes, and no shell is asked. What stands in [ ] outside of quotes
/// is left out where a place in it has no value. "{{" is a brace; a brace that no name follows is one too.
class Template {
 public:
  [[nodiscard]] static Result<Template> parse(std::string_view text);

  [[nodiscard]] bool has(Place place) const;
  /// The program, where the template itself names it.
  [[nodiscard]] std::optional<std::string> program() const;
  /// A value is put in as it is: what looks like a place in it is none.
  [[nodiscard]] std::vector<std::string> filled(const PlaceValues& values) const;

 private:
  friend class TemplateReader;
  using Part = std::variant<char, Place>;
  struct Word {
    std::vector<Part> parts = {};
    unsigned group = 0;  ///< the number of its [ ]; 0: it stands in none
  };

  std::vector<Word> words_;
};

}  // namespace pvh::runners
