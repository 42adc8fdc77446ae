// The clauses as a page.
#pragma once

#include <string>

namespace pvh::conform {

/// docs/contract.md, made from the list of clauses.
[[nodiscard]] std::string contract_page();

}  // namespace pvh::conform
