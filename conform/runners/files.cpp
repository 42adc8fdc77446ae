#include "files.hpp"

#include <fstream>
#include <sstream>

namespace pvh::runners {

bool write_file(const std::filesystem::path& path, Bytes bytes) {
  std::ofstream file(path, std::ios::binary);
  file << as_text(bytes);
  return file.good();
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace pvh::runners
