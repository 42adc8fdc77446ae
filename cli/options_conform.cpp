#include "options_conform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "option_values.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

using Values = ConformTexts::Values;

/// In the order of ConformAction.
constexpr std::array<std::string_view, 6> kActions{"list",     "judge",    "producer",
                                                   "variants", "consumer", "boot"};

/// A set of actions, a bit each.
using Actions = std::uint8_t;

constexpr Actions bit(ConformAction action) {
  return static_cast<Actions>(1U << static_cast<unsigned>(action));
}

constexpr Actions kList = bit(ConformAction::kList);
constexpr Actions kJudge = bit(ConformAction::kJudge);
constexpr Actions kProducer = bit(ConformAction::kProducer);
constexpr Actions kVariants = bit(ConformAction::kVariants);
constexpr Actions kConsumer = bit(ConformAction::kConsumer);
constexpr Actions kBoot = bit(ConformAction::kBoot);
constexpr Actions kReports = kJudge | kProducer | kConsumer;

struct Flag {
  std::string_view name;
  bool ConformTexts::* into;
  Actions actions;
};

struct Value {
  std::string_view name;
  Values ConformTexts::* into;
  Actions actions;
  bool may_be_empty = false;
};

constexpr std::array kFlags{
    Flag{"--json", &ConformTexts::json, kList | kVariants | kReports},
    Flag{"--tap", &ConformTexts::tap, kReports},
    Flag{"--markdown", &ConformTexts::markdown, kList},
};

constexpr std::array kValues{
    Value{"--junit", &ConformTexts::junit, kReports},
    Value{"--html", &ConformTexts::html, kReports},
    Value{"--captures", &ConformTexts::captures, kProducer},
    Value{"--matrix", &ConformTexts::matrix, kProducer},
    Value{"--qemu", &ConformTexts::qemu, kProducer | kConsumer | kBoot},
    Value{"--timeout", &ConformTexts::timeout, kProducer | kConsumer | kBoot},
    Value{"--initrd", &ConformTexts::initrds, kConsumer | kBoot},
    Value{"--append", &ConformTexts::append, kConsumer | kBoot, true},
    Value{"--expect", &ConformTexts::expect, kConsumer},
    Value{"--only", &ConformTexts::only, kConsumer},
    Value{"--engine", &ConformTexts::engine, kConsumer | kBoot},
};

/// "consumer and boot"
std::string names_of(Actions actions) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kActions.size(); ++i)
    if ((actions & (1U << i)) != 0) names.push_back(kActions[i]);
  const std::string_view last = names.back();
  names.pop_back();
  return names.empty() ? std::string(last) : fmt::format("{} and {}", fmt::join(names, ", "), last);
}

/// The first option that another action has.
std::optional<std::string> misplaced(const ConformTexts& texts, ConformAction action) {
  const auto words = [&](std::string_view name, Actions actions) {
    return fmt::format("{} belongs to {}, not to {}", name, names_of(actions), texts.action);
  };
  for (const Flag& flag : kFlags)
    if (texts.*flag.into && (flag.actions & bit(action)) == 0) return words(flag.name, flag.actions);
  for (const Value& value : kValues)
    if (!(texts.*value.into).empty() && (value.actions & bit(action)) == 0)
      return words(value.name, value.actions);
  return std::nullopt;
}

std::optional<std::string> empty_value(const ConformTexts& texts) {
  for (const Value& value : kValues)
    if (!value.may_be_empty && std::ranges::find(texts.*value.into, "") != (texts.*value.into).end())
      return fmt::format("{} needs a value that is not empty", value.name);
  return std::nullopt;
}

std::optional<std::string> excluded(const ConformTexts& texts) {
  if (texts.json && texts.tap) return "--json and --tap exclude each other";
  if (texts.json && texts.markdown) return "--json and --markdown exclude each other";
  return std::nullopt;
}

/// How many names an action takes, in words where they are not so many.
std::optional<std::string> wrong_names(const ConformTexts& texts, ConformAction action) {
  const std::size_t count = texts.names.size();
  if (std::ranges::find(texts.names, "") != texts.names.end())
    return fmt::format("{} does not take an empty name", texts.action);
  switch (action) {
    case ConformAction::kList:
    case ConformAction::kVariants:
      if (count != 0) return texts.action + " takes no name";
      break;
    case ConformAction::kJudge:
      if (count == 0) return "judge needs a name, of a capture";
      break;
    case ConformAction::kProducer:
      if (count == 0) return "producer needs a name";
      break;
    case ConformAction::kConsumer:
      if (count != 1) return "consumer needs one kernel";
      break;
    case ConformAction::kBoot:
      if (count != 2) return "boot needs a variant and a kernel";
      break;
  }
  return std::nullopt;
}

/// The last use counts.
std::string last_of(const Values& values, std::string_view otherwise = "") {
  return values.empty() ? std::string(otherwise) : values.back();
}

}  // namespace

std::optional<ConformAction> conform_action(std::string_view name) {
  const auto* const found = std::ranges::find(kActions, name);
  if (found == kActions.end()) return std::nullopt;
  return static_cast<ConformAction>(found - kActions.begin());
}

std::vector<std::string_view> conform_actions() {
  return {kActions.begin(), kActions.end()};
}

std::vector<std::string_view> conform_option_names(ConformAction action) {
  std::vector<std::string_view> out;
  for (const Flag& flag : kFlags)
    if ((flag.actions & bit(action)) != 0) out.push_back(flag.name);
  for (const Value& value : kValues)
    if ((value.actions & bit(action)) != 0) out.push_back(value.name);
  return out;
}

void describe_conform(ArgumentParser& parser, ConformTexts& texts) {
  for (const Flag& flag : kFlags) parser.add_flag(flag.name, texts.*flag.into);
  for (const Value& value : kValues) parser.add_all(value.name, texts.*value.into);
  parser.set_words("ACTION", texts.action, texts.names);
}

Expected<ConformOptions> conform_options(const ConformTexts& texts) {
  const auto action = conform_action(texts.action);
  if (!action)
    return Usage(UsageError{
        fmt::format("there is no `conform {}`; list, judge, producer, variants, consumer and boot there are",
                    printable(texts.action))});
  for (const auto& problem :
       {misplaced(texts, *action), wrong_names(texts, *action), empty_value(texts), excluded(texts)})
    if (problem) return Usage(UsageError{*problem});

  const std::string matrix = last_of(texts.matrix, "short");
  if (matrix != "short" && matrix != "full") return wrong("--matrix", matrix, "must be short or full");
  const std::string engine = last_of(texts.engine, "qemu");
  if (engine != "qemu" && engine != "kvm") return wrong("--engine", engine, "must be qemu or kvm");
  const auto time = timeout_option(last_of(texts.timeout));
  if (!time) return Usage(time.error());
  return ConformOptions{.action = *action,
                        .names = texts.names,
                        .initrds = texts.initrds,
                        .command_line = appended(texts.append),
                        .expect = last_of(texts.expect),
                        .only = last_of(texts.only),
                        .engine = engine == "kvm" ? Engine::kKvm : Engine::kQemu,
                        .json = texts.json,
                        .tap = texts.tap,
                        .markdown = texts.markdown,
                        .junit = last_of(texts.junit),
                        .html = last_of(texts.html),
                        .captures = last_of(texts.captures),
                        .full = matrix == "full",
                        .qemu = last_of(texts.qemu, "qemu-system-x86_64"),
                        .timeout = *time};
}

}  // namespace pvh::cli
