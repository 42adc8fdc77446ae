// The user's cache directory as the monitor knows it.
#pragma once

#include <optional>

#include "pvh/cache/store.hpp"
#include "pvh/kvm/kvm.hpp"

namespace pvh::launch {

/// Nothing is opened before it is asked for. A directory that is not there or not to be trusted has nothing.
class KeptValues final : public kvm::KeptValues {
 public:
  [[nodiscard]] std::optional<std::vector<std::byte>> find(std::string_view key) override;
  void keep(std::string_view key, Bytes value) override;
};

}  // namespace pvh::launch
