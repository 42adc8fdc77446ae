// Names of faults for programs, from the names that they have in the source: a list of them by hand would be
// one more to keep, and their numbers change whenever one is added.
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "pvh/words/describe.hpp"

namespace pvh::words {
namespace {

constexpr auto kCount = static_cast<std::size_t>(Fault::kCount_);

/// "… fault = pvh::Fault::kNoRoom; …", as both compilers put it.
template <Fault fault>
constexpr std::string_view source_name() {
  constexpr std::string_view kWhole = __PRETTY_FUNCTION__;
  constexpr std::string_view kBefore = "Fault::k";
  constexpr std::size_t kStart = kWhole.rfind(kBefore) + kBefore.size();
  return kWhole.substr(kStart, kWhole.find_first_of(";]", kStart) - kStart);
}

template <std::size_t... numbers>
constexpr std::array<std::string_view, kCount> source_names(std::index_sequence<numbers...>) {
  return {source_name<static_cast<Fault>(numbers)>()...};
}

bool is_upper(char c) {
  return std::isupper(static_cast<unsigned char>(c)) != 0;
}

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

std::string fault_id(Fault fault) {
  static constexpr auto kNames = source_names(std::make_index_sequence<kCount>());
  const std::string_view name = kNames.at(static_cast<std::size_t>(fault));
  std::string id;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool word_begins = is_upper(name[i]) && !name.substr(0, i + 1).ends_with("GiB");
    const bool after_digit = i > 0 && is_digit(name[i - 1]);
    if (i > 0 && (word_begins || is_digit(name[i])) && !after_digit) id += '-';
    id += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return id;
}

}  // namespace pvh::words
