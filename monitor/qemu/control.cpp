#include "control.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

namespace pvh::qemu {

namespace {

using Json = nlohmann::json;

/// No reply is longer, the registers of 255 CPUs included. What is, is thrown away.
constexpr std::size_t kLongestLine = std::size_t{4} << 20U;

/// The member `name` of `object`, or null where there is none.
const Json& member(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

int number_of(const Json& value) {
  return value.is_number_integer() ? value.get<int>() : 0;
}

}  // namespace

std::optional<Message> parse_message(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Message message;
  if (const Json& version = member(member(member(json, "QMP"), "version"), "qemu"); version.is_object())
    message.greeting = Version{.major = number_of(member(version, "major")),
                               .minor = number_of(member(version, "minor")),
                               .micro = number_of(member(version, "micro"))};
  message.event = text_of(member(json, "event"));
  const Json& data = member(json, "data");
  message.reason = text_of(member(data, "reason"));
  message.node = text_of(member(data, "node-name"));
  message.reads = text_of(member(data, "operation")) == "read";
  message.reply_to = text_of(member(json, "id"));
  message.text = text_of(member(json, "return"));
  return message;
}

std::vector<Message> Control::receive() {
  std::vector<Message> messages;
  char buffer[16 * 1024];
  while (socket_) {
    const ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (count <= 0) {
      socket_.reset();
      break;
    }
    unfinished_.append(buffer, static_cast<std::size_t>(count));
    std::size_t start = 0;
    for (std::size_t end; (end = unfinished_.find('\n', start)) != std::string::npos; start = end + 1)
      if (auto message = parse_message(std::string_view(unfinished_).substr(start, end - start)))
        messages.push_back(std::move(*message));
    unfinished_.erase(0, start);
    if (unfinished_.size() > kLongestLine) unfinished_.clear();
  }
  return messages;
}

void Control::execute(std::string_view command) {
  send(fmt::format("{{\"execute\":\"{}\"}}\n", command));
}

void Control::ask(std::string_view id, std::string_view command_line) {
  send(fmt::format(
      "{{\"execute\":\"human-monitor-command\",\"id\":\"{}\",\"arguments\":{{\"command-line\":\"{}\"}}}}\n",
      id, command_line));
}

void Control::send(std::string_view text) {
  if (socket_) (void)::send(socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace pvh::qemu
