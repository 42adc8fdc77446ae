#include "options_conform.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "help.hpp"

namespace pvh::cli {
namespace {

using Arguments = std::vector<std::string>;

std::string usage_error(const Arguments& arguments) {
  const auto command = parse_arguments(arguments);
  return command ? "no error" : command.error().text;
}

ConformOptions parsed(const Arguments& arguments) {
  const auto command = parse_arguments(arguments);
  if (command && std::holds_alternative<ConformOptions>(*command)) return std::get<ConformOptions>(*command);
  ADD_FAILURE() << (command ? "another command" : command.error().text);
  return {};
}

/// As a person would type the action: with the names that it needs.
Arguments call_of(std::string_view action) {
  Arguments out{"conform", std::string(action)};
  if (action == "judge" || action == "producer" || action == "consumer") out.emplace_back("x");
  if (action == "boot") out.insert(out.end(), {"plain", "x"});
  return out;
}

std::string value_for(std::string_view option) {
  if (option == "--matrix") return "full";
  if (option == "--engine") return "kvm";
  return "1";
}

bool is_flag(std::string_view option) {
  return option == "--json" || option == "--tap" || option == "--markdown";
}

TEST(ConformOptions, BelongToTheirActionsAndAreWrongUsageWithTheOthers) {
  for (const std::string_view action : conform_actions()) {
    const auto own = conform_option_names(*conform_action(action));
    for (const std::string& option : option_names("conform")) {
      Arguments arguments = call_of(action);
      arguments.push_back(option);
      if (!is_flag(option)) arguments.push_back(value_for(option));
      const std::string problem = usage_error(arguments);
      if (std::ranges::find(own, option) != own.end()) {
        EXPECT_EQ(problem, "no error") << action << " " << option;
      } else {
        EXPECT_TRUE(
            problem.starts_with("pvh: conform " + std::string(action) + ": " + option + " belongs to "))
            << problem;
        EXPECT_NE(problem.find(", not to " + std::string(action)), std::string::npos) << problem;
      }
    }
  }
}

TEST(ConformOptions, AreGivenEvenWhereTheirValueIsTheUsualOne) {
  EXPECT_NE(usage_error({"conform", "judge", "x", "--matrix", "short"}), "no error");
  EXPECT_NE(usage_error({"conform", "list", "--engine", "qemu"}), "no error");
}

TEST(ConformOptions, TakeTheLastOfSeveralUses) {
  const auto options = parsed({"conform", "producer", "a", "b", "--matrix", "full", "--matrix", "short",
                               "--junit", "x", "--junit", "y"});
  EXPECT_FALSE(options.full);
  EXPECT_EQ(options.junit, "y");
  EXPECT_EQ(options.names, (Arguments{"a", "b"}));
  EXPECT_EQ(options.timeout, std::nullopt);
}

TEST(ConformOptions, TakeAnEmptyCommandLineAndNoOtherEmptyValue) {
  EXPECT_EQ(parsed({"conform", "boot", "plain", "k", "--append", ""}).command_line, "");
  for (const char* const option : {"--junit", "--only", "--expect", "--timeout", "--qemu", "--initrd"})
    EXPECT_NE(usage_error({"conform", "consumer", "k", option, ""}).find("not empty"), std::string::npos)
        << option;
  EXPECT_NE(usage_error({"conform", "judge", ""}).find("empty name"), std::string::npos);
}

TEST(ConformOptions, ExcludeEachOtherWhereTheyAreTwoForms) {
  EXPECT_NE(usage_error({"conform", "list", "--json", "--markdown"}).find("exclude"), std::string::npos);
  EXPECT_NE(usage_error({"conform", "judge", "x", "--json", "--tap"}).find("exclude"), std::string::npos);
}

class EachAction : public ::testing::TestWithParam<const char*> {};

TEST_P(EachAction, HasAHelpOfItsOwnThatNamesItsOptionsAndNoOther) {
  const std::string text = help_for("conform", {{GetParam(), "--help"}});
  EXPECT_TRUE(text.starts_with("pvh conform " + std::string(GetParam())));
  const auto own = conform_option_names(*conform_action(GetParam()));
  for (const std::string& option : option_names("conform")) {
    const bool is_own = std::ranges::find(own, option) != own.end();
    // As an entry of the list of options; examples may speak of others.
    const bool listed = text.find("\n  " + option) != std::string::npos ||
                        text.find(", " + option + " ") != std::string::npos;
    EXPECT_EQ(listed, is_own) << option;
  }
  std::istringstream lines(text);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 100U) << line;
  EXPECT_LE(count, 36U);
}

TEST_P(EachAction, ShowsItsHelpWhereverItIsAskedFor) {
  const std::string action = GetParam();
  const std::string text = help_for("conform", {{action}});
  for (const Arguments& arguments :
       {Arguments{"conform", action, "--help"}, Arguments{"conform", "-h", action},
        Arguments{"conform", action, "x", "--help"}, Arguments{"help", "conform", action}}) {
    const auto command = parse_arguments(arguments);
    ASSERT_TRUE(command && std::holds_alternative<TextWanted>(*command));
    EXPECT_EQ(std::get<TextWanted>(*command).text, text);
  }
}

INSTANTIATE_TEST_SUITE_P(Conform, EachAction,
                         ::testing::Values("list", "judge", "producer", "variants", "consumer", "boot"));

TEST(ConformHelp, OfAllNamesEachAction) {
  for (const std::string_view action : conform_actions())
    EXPECT_NE(help_for("conform").find("\n  " + std::string(action) + " "), std::string::npos) << action;
}

}  // namespace
}  // namespace pvh::cli
