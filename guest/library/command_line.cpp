#include "pvh/guest/command_line.hpp"

namespace pvh::guest {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

Text part(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

bool same_key(Text a, Text b) {
  if (a.size != b.size) return false;
  for (size_t i = 0; i < a.size; ++i) {
    const char left = a.data[i] == '-' ? '_' : a.data[i];
    const char right = b.data[i] == '-' ? '_' : b.data[i];
    if (left != right) return false;
  }
  return true;
}

}  // namespace

Result<Argument> CommandLine::next(size_t& position) const {
  const char* const line_end = text_.data + text_.size;
  const char* word = text_.data + (position < text_.size ? position : text_.size);
  while (word != line_end && is_space(*word)) ++word;
  if (word == line_end) {
    position = text_.size;
    return Absent{};
  }

  const bool quoted = *word == '"';
  if (quoted) ++word;
  bool in_quotes = quoted;
  const char* equals = nullptr;
  const char* end = word;
  for (; end != line_end && (in_quotes || !is_space(*end)); ++end) {
    if (*end == '=' && equals == nullptr && end != word) equals = end;
    if (*end == '"') in_quotes = !in_quotes;
  }
  position = static_cast<size_t>(end - text_.data);

  // A closing quote belongs to whichever opened it: the value's or the whole word's.
  const char* value = equals == nullptr ? nullptr : equals + 1;
  const bool value_quoted = value != nullptr && value != end && *value == '"';
  if (value_quoted) ++value;
  const char* const content = value != nullptr ? value : word;
  if ((quoted || value_quoted) && end != content && end[-1] == '"') --end;

  Argument argument;
  argument.key = part(word, equals == nullptr ? end : equals);
  if (value != nullptr) {
    argument.value = part(value, end);
    argument.has_value = true;
  }
  return argument;
}

Result<Argument> CommandLine::find(Text key) const {
  Result<Argument> found = Absent{};
  for (size_t position = 0;;) {
    const auto argument = next(position);
    if (!argument || (argument->key == Text("--") && !argument->has_value)) return found;
    if (same_key(argument->key, key)) found = *argument;
  }
}

}  // namespace pvh::guest
