#include "pvh/launch/kept_values.hpp"

#include <utility>

namespace pvh::launch {

std::optional<std::vector<std::byte>> KeptValues::find(std::string_view key) {
  const auto store = cache::Store::open(cache::Access::kRead);
  if (!store || !*store) return std::nullopt;
  auto value = (*store)->find(key);
  if (!value) return std::nullopt;
  return std::move(value->bytes);
}

void KeptValues::keep(std::string_view key, Bytes value) {
  const auto store = cache::Store::open(cache::Access::kCreate);
  if (store && *store) (void)(*store)->keep(key, value);
}

}  // namespace pvh::launch
