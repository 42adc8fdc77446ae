#include "words.hpp"

namespace pvh::cli {

std::array<words::Table, 10> all_words() {
  const auto library = words::library_words();
  return {library[0],  library[1],    library[2],      library[3],     words_qemu(),
          words_kvm(), words_cache(), words_conform(), words_virtio(), words_cli()};
}

const FaultWords* words_of(Fault fault) {
  return words::find_words(all_words(), fault);
}

std::string sentence(const Error& error, std::string_view file) {
  return words::sentence(words_of(error.what), error, file);
}

std::string remedy(const Error& error, std::string_view file) {
  const FaultWords* words = words_of(error.what);
  return words != nullptr ? fill_in(words->remedy, error, file) : std::string();
}

std::string message(const Failure& failure) {
  std::string out = "pvh: ";
  if (!failure.file.empty()) out += printable(failure.file) + ": ";
  out += sentence(failure.error, failure.file) + '\n';
  const std::string advice = remedy(failure.error, failure.file);
  if (!advice.empty()) out += "     " + advice + '\n';
  return out;
}

}  // namespace pvh::cli
