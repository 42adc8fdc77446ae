#include "output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "pvh/system/write_file.hpp"
#include "units.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool locale_is_utf8() {
  std::string name;
  for (const char* candidate : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    name = variable(candidate);
    if (!name.empty()) break;
  }
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
}

unsigned terminal_width() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const auto columns = parse_number(variable("COLUMNS"));
  return columns && *columns > 0 && *columns < 1000 ? static_cast<unsigned>(*columns) : 80;
}

}  // namespace

Style output_style() {
  Style style;
  style.width = std::clamp(terminal_width(), 20U, 160U);
  if (::isatty(STDOUT_FILENO) == 0) return style;
  const std::string_view terminal = variable("TERM");
  const bool dumb = terminal.empty() || terminal == "dumb";
  style.unicode = locale_is_utf8() && !dumb;
  style.colour = variable("NO_COLOR").empty() && !dumb;
  return style;
}

void occupy_standard_descriptors() {
  std::array<pollfd, 3> standard{};
  for (int i = 0; i < 3; ++i) standard[static_cast<std::size_t>(i)].fd = i;
  if (::poll(standard.data(), standard.size(), 0) <= 0) return;
  for (const pollfd& each : standard) {
    if ((each.revents & POLLNVAL) == 0) continue;
    // Lowest first, so open() gives this number. The wrong direction for it, so that its use is an error.
    if (::open("/dev/null", each.fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

bool print(std::string_view text) {
  const auto done = system::write_all(STDOUT_FILENO, as_bytes(text));
  if (!done) complain(message({done.error(), ""}));
  return done.has_value();
}

void complain(std::string_view text) {
  // Where even this fails there is nobody left to tell.
  static_cast<void>(system::write_all(STDERR_FILENO, as_bytes(text)));
}

}  // namespace pvh::cli
