// The options and the one file that a command takes, and the filling in of them by getopt_long. What a value
// means is the caller's to say.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pvh::cli {

/// Options may stand before, between and behind files; `--` ends them. What an option fills in outlives this.
class ArgumentParser {
 public:
  /// `names` as they are typed: "-q,--quiet". A flag is set by its use.
  void add_flag(std::string_view names, bool& into);
  /// The last use counts.
  void add_last(std::string_view names, std::string& into);
  /// Each use adds one.
  void add_all(std::string_view names, std::vector<std::string>& into);
  /// What is no option: one word, which has to be there. `name` is for messages.
  void set_file(std::string_view name, std::string& into);
  /// What is no option: a first word, which has to be there, and any number of others.
  void set_words(std::string_view name, std::string& first, std::vector<std::string>& others);

  /// Fills all in, or says what is wrong: a sentence without its end.
  [[nodiscard]] std::expected<void, std::string> parse(std::span<const std::string> arguments) const;

  /// Every option as it is typed, "-q" and "--quiet", in the order of the adding.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  /// One name; exactly one of the three is set.
  struct Option {
    std::string name;  ///< with its dashes
    bool* flag = nullptr;
    std::string* last = nullptr;
    std::vector<std::string>* all = nullptr;
  };

  void add(std::string_view names, const Option& option);
  [[nodiscard]] std::expected<void, std::string> take_words(std::span<char* const> words) const;

  std::vector<Option> options_;
  std::string file_name_;
  std::string* file_ = nullptr;
  std::vector<std::string>* words_ = nullptr;
};

}  // namespace pvh::cli
