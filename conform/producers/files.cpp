#include "files.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "pvh/producers/process.hpp"

namespace pvh::runners {

bool write_file(const std::filesystem::path& path, Bytes bytes) {
  std::ofstream file(path, std::ios::binary);
  file << as_text(bytes);
  return file.good();
}

std::string contents(const std::filesystem::path& path) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(path, problem)) return {};
  std::ifstream file(path, std::ios::binary);
  std::string text(std::min<std::uintmax_t>(std::filesystem::file_size(path, problem), kMostOutput), 0);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace pvh::runners
