#include "drawing.hpp"

#include <fmt/format.h>
#include <pvh/start_info.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "units.hpp"

namespace pvh::cli {
namespace {

/// A stretch of the address space that is drawn as one bar.
struct Band {
  std::uint64_t start;
  std::uint64_t end;
};

/// Where more than this is empty, the bar is broken rather than drawn mostly blank.
constexpr std::uint64_t kLongestGap = 16 * kMiB;

/// The map's and the regions' ranges, cut where the scale changes: what lies below 1 MiB is small, and what
/// lies above 4 GiB may be huge.
std::vector<Band> pieces_of(const boot::BootPlan& plan) {
  std::vector<Band> pieces;
  const auto add = [&](const GuestRange& range) {
    std::uint64_t start = range.start().value();
    for (const std::uint64_t cut : {kMiB, kFourGiB}) {
      if (start < cut && cut < range.end().value()) {
        pieces.push_back({start, cut});
        start = cut;
      }
    }
    pieces.push_back({start, range.end().value()});
  };
  for (const boot::MapEntry& entry : plan.memory_map) add(entry.range);
  for (const boot::Region& region : plan.regions) add(region.range);
  std::ranges::sort(pieces, {}, &Band::start);
  return pieces;
}

std::vector<Band> bands_of(const boot::BootPlan& plan) {
  std::vector<Band> bands;
  for (const Band& piece : pieces_of(plan)) {
    const bool same_side = !bands.empty() && (bands.back().start < kMiB) == (piece.start < kMiB) &&
                           (bands.back().start < kFourGiB) == (piece.start < kFourGiB);
    const bool near =
        same_side && (piece.start <= bands.back().end || piece.start - bands.back().end <= kLongestGap);
    if (near) {
      bands.back().end = std::max(bands.back().end, piece.end);
    } else {
      bands.push_back(piece);
    }
  }
  return bands;
}

/// The bytes that a column stands for: the least round number with which `length` fits `columns`.
std::uint64_t scale_for(std::uint64_t length, std::uint64_t columns) {
  for (std::uint64_t quarter = 1;; quarter *= 2) {
    for (const std::uint64_t quarters : {4, 5, 6, 7}) {
      const std::uint64_t scale = quarter * quarters;
      if (length / scale + (length % scale != 0 ? 1 : 0) <= columns) return scale;
    }
  }
}

/// What a column shows where no region lies.
enum class Ground : std::uint8_t { kNothing, kRam, kReserved, kOther, kCount };

Ground ground_of(std::uint32_t type) {
  if (type == XEN_HVM_MEMMAP_TYPE_RAM) return Ground::kRam;
  return type == XEN_HVM_MEMMAP_TYPE_RESERVED ? Ground::kReserved : Ground::kOther;
}

struct Symbols {
  std::array<const char*, static_cast<std::size_t>(Ground::kCount)> ground;
  const char* left;
  const char* right;
  const char* gap;
};
constexpr Symbols kAscii{{" ", ".", "#", "="}, "|", "|", ":"};
constexpr Symbols kUnicode{{" ", "░", "▓", "▒"}, "▕", "▏", "⋮"};

struct Column {
  std::array<std::uint64_t, static_cast<std::size_t>(Ground::kCount)> bytes{};  ///< of each ground
  std::optional<char> letter;
};

class Bar {
 public:
  Bar(const Band& band, std::uint64_t most_columns)
      : band_(band), scale_(scale_for(band.end - band.start, most_columns)) {
    const std::uint64_t length = band.end - band.start;
    columns_.resize(static_cast<std::size_t>((length + scale_ - 1) / scale_));
  }

  [[nodiscard]] std::uint64_t scale() const { return scale_; }
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }

  void add(const boot::MapEntry& entry) {
    const auto ground = static_cast<std::size_t>(ground_of(entry.type));
    for_each_column(entry.range, [&](Column& column, std::uint64_t bytes) { column.bytes[ground] += bytes; });
  }

  /// However small, a region is seen: it takes a column. Where another is already, both become a star.
  void add(const boot::Region& region, char letter) {
    for_each_column(region.range,
                    [&](Column& column, std::uint64_t) { column.letter = column.letter ? '*' : letter; });
  }

 private:
  template <class Visit>
  void for_each_column(const GuestRange& range, Visit visit) {
    const std::uint64_t start = std::max(range.start().value(), band_.start);
    const std::uint64_t end = std::min(range.end().value(), band_.end);
    for (std::uint64_t at = start; at < end;) {
      const std::uint64_t index = (at - band_.start) / scale_;
      const std::uint64_t next = std::min(end, band_.start + (index + 1) * scale_);
      visit(columns_[static_cast<std::size_t>(index)], next - at);
      at = next;
    }
  }

  Band band_;
  std::uint64_t scale_;
  std::vector<Column> columns_;
};

std::string column_text(const Column& column, const Symbols& symbols, bool colour) {
  if (column.letter) {
    return colour ? fmt::format("\x1b[1;7m{}\x1b[0m", *column.letter) : std::string(1, *column.letter);
  }
  const auto most = std::ranges::max_element(column.bytes);
  const auto ground = *most == 0 ? std::size_t{0} : static_cast<std::size_t>(most - column.bytes.begin());
  return symbols.ground[ground];
}

}  // namespace

char region_letter(std::size_t index) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return index < kLetters.size() ? kLetters[index] : '+';
}

std::string draw_memory(const boot::BootPlan& plan, const Style& style) {
  const Symbols& symbols = style.unicode ? kUnicode : kAscii;
  std::string out;
  std::optional<std::uint64_t> previous_end;
  for (const Band& band : bands_of(plan)) {
    if (previous_end && *previous_end < band.start) {
      out += fmt::format("  {} nothing for {}\n", symbols.gap, format_size(band.start - *previous_end));
    }
    previous_end = band.end;
    Bar bar(band, style.width - 4);
    for (const boot::MapEntry& entry : plan.memory_map) bar.add(entry);
    for (std::size_t i = 0; i < plan.regions.size(); ++i) bar.add(plan.regions[i], region_letter(i));

    out += fmt::format("  {:#x} to {:#x}: {}, a column is {}\n", band.start, band.end - 1,
                       format_size(band.end - band.start), format_size(bar.scale()));
    out += fmt::format("  {}", symbols.left);
    for (const Column& column : bar.columns()) out += column_text(column, symbols, style.colour);
    out += fmt::format("{}\n", symbols.right);
  }
  out += fmt::format(
      "  Letters: the ranges above, at least a column each; * several; {} RAM; {} reserved; {} other.\n",
      symbols.ground[1], symbols.ground[2], symbols.ground[3]);
  return out;
}

}  // namespace pvh::cli
