// Files as the kernel room wants them: mapped, not copied. What cannot be mapped is an error that says why.
#pragma once

#include <string>
#include <string_view>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/base/file_view.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/system/file_state.hpp"

namespace pvh::system {

/// A regular file that is not empty, mapped to be read. Movable; moving does not move the bytes.
///
/// A file that becomes shorter while it is mapped, or whose disk fails, ends the program with a sentence and
/// exit code 1: there is no other way back from a read of such a page.
class MappedFile {
 public:
  /// `role` is what the file is wanted for: "the kernel", "module 2". Never blocks, whatever `path` is.
  [[nodiscard]] static Result<MappedFile> open(const std::string& path, std::string_view role);
  /// A file that is open already, regular and not empty, and goes by `name`.
  [[nodiscard]] static Result<MappedFile> map(UniqueFd file, const std::string& name, std::string_view role);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] Bytes bytes() const { return {data_, static_cast<std::size_t>(state_.size)}; }
  [[nodiscard]] FileView view() const { return {.bytes = bytes(), .descriptor = file_.get()}; }
  [[nodiscard]] int descriptor() const { return file_.get(); }
  [[nodiscard]] const FileState& state() const { return state_; }  ///< before anything was read

 private:
  MappedFile(UniqueFd file, const std::byte* data, const FileState& state)
      : file_(std::move(file)), data_(data), state_(state) {}
  void release();

  UniqueFd file_;
  const std::byte* data_ = nullptr;
  FileState state_;
};

}  // namespace pvh::system
