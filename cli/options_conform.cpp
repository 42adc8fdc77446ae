#include "options_conform.hpp"

#include <fmt/format.h>

#include <optional>

#include "option_values.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

std::optional<ConformAction> conform_action(std::string_view name) {
  if (name == "list") return ConformAction::kList;
  if (name == "judge") return ConformAction::kJudge;
  if (name == "producer") return ConformAction::kProducer;
  if (name == "variants") return ConformAction::kVariants;
  if (name == "consumer") return ConformAction::kConsumer;
  if (name == "boot") return ConformAction::kBoot;
  return std::nullopt;
}

/// How many names an action takes, in words where they are not so many.
std::optional<std::string> wrong_names(const std::string& name, ConformAction action, std::size_t count) {
  switch (action) {
    case ConformAction::kList:
    case ConformAction::kVariants:
      if (count != 0) return name + " takes no name";
      break;
    case ConformAction::kJudge:
    case ConformAction::kProducer:
      if (count == 0) return name + " needs a name";
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

}  // namespace

void describe_conform(ArgumentParser& parser, ConformTexts& texts) {
  parser.add_flag("--json", texts.json);
  parser.add_flag("--tap", texts.tap);
  parser.add_flag("--markdown", texts.markdown);
  parser.add_last("--junit", texts.junit);
  parser.add_last("--html", texts.html);
  parser.add_last("--captures", texts.captures);
  parser.add_last("--matrix", texts.matrix);
  parser.add_last("--qemu", texts.qemu);
  parser.add_last("--timeout", texts.timeout);
  parser.add_all("--initrd", texts.initrds);
  parser.add_all("--append", texts.append);
  parser.add_last("--expect", texts.expect);
  parser.add_last("--only", texts.only);
  parser.add_last("--engine", texts.engine);
  parser.set_words("ACTION", texts.action, texts.names);
}

Expected<ConformOptions> conform_options(const ConformTexts& texts) {
  ConformOptions out{.names = texts.names,
                     .initrds = texts.initrds,
                     .command_line = appended(texts.append),
                     .expect = texts.expect,
                     .only = texts.only,
                     .json = texts.json,
                     .tap = texts.tap,
                     .markdown = texts.markdown,
                     .junit = texts.junit,
                     .html = texts.html,
                     .captures = texts.captures,
                     .full = texts.matrix == "full",
                     .qemu = texts.qemu,
                     .timeout = {}};
  const auto action = conform_action(texts.action);
  if (!action)
    return Usage(UsageError{
        fmt::format("there is no `conform {}`; list, judge, producer, variants, consumer and boot there are",
                    printable(texts.action))});
  out.action = *action;
  if (const auto problem = wrong_names(texts.action, *action, out.names.size()))
    return Usage(UsageError{*problem});
  if (texts.matrix != "short" && texts.matrix != "full")
    return wrong("--matrix", texts.matrix, "must be short or full");
  if (texts.engine != "qemu" && texts.engine != "kvm")
    return wrong("--engine", texts.engine, "must be qemu or kvm");
  out.engine = texts.engine == "kvm" ? Engine::kKvm : Engine::kQemu;
  if (out.json && out.tap) return Usage(UsageError{"--json and --tap exclude each other"});
  const auto time = timeout_option(texts.timeout);
  if (!time) return Usage(time.error());
  out.timeout = *time;
  return out;
}

}  // namespace pvh::cli
