#include "aml.hpp"

#include <array>
#include <cstddef>

namespace pvh::board::aml {

namespace {

enum class Op : std::uint8_t {
  kZero = 0x00,
  kOne = 0x01,
  kName = 0x08,
  kByte = 0x0a,
  kWord = 0x0b,
  kDword = 0x0c,
  kString = 0x0d,
  kQword = 0x0e,
  kScope = 0x10,
  kBuffer = 0x11,
  kPackage = 0x12,
  kMethod = 0x14,
  kDualPath = 0x2e,
  kMultiPath = 0x2f,
  kExtended = 0x5b,
  kArg0 = 0x68,
  kStore = 0x70,
  kAnd = 0x7b,
  kNotify = 0x86,
  kEqual = 0x93,
  kIf = 0xa0,
};

enum class ExtendedOp : std::uint8_t { kRegion = 0x80, kField = 0x81, kDevice = 0x82 };

constexpr std::byte kSystemMemory{0x00};

// Resource descriptors' tags: a small one holds its length, a large one is followed by it.
constexpr std::uint8_t kSmallIrq = 0x22;
constexpr std::uint8_t kSmallIoPort = 0x47;
constexpr std::uint8_t kSmallEnd = 0x79;
constexpr std::uint8_t kLargeFixedMemory = 0x86;
constexpr std::uint8_t kLargeInterrupt = 0x89;

void append(Code& out, const Code& code) {
  out.insert(out.end(), code.begin(), code.end());
}

void append(Code& out, std::uint8_t value) {
  out.push_back(std::byte{value});
}

Code op(Op code) {
  return {static_cast<std::byte>(code)};
}

Code op(ExtendedOp code) {
  return {static_cast<std::byte>(Op::kExtended), static_cast<std::byte>(code)};
}

Code byte(std::uint8_t value) {
  return {std::byte{value}};
}

/// PkgLength: it counts itself, so its own size comes first. One byte holds 6 bits; else the first byte holds
/// 4 and tells how many follow.
Code with_length(const Code& body) {
  Code out;
  if (body.size() + 1 < 64) {
    append(out, static_cast<std::uint8_t>(body.size() + 1));
  } else {
    std::size_t following = 1;
    while (body.size() + 1 + following >= (std::size_t{1} << (4 + 8 * following))) ++following;
    const std::size_t length = body.size() + 1 + following;
    append(out, static_cast<std::uint8_t>(following << 6U | (length & 0xfU)));
    for (std::size_t i = 0; i < following; ++i)
      append(out, static_cast<std::uint8_t>(length >> (4 + 8 * i) & 0xffU));
  }
  append(out, body);
  return out;
}

Code sized(const Code& opcode, const Code& body) {
  return join({opcode, with_length(body)});
}

/// One segment, filled up to four characters.
Code segment(std::string_view text) {
  Code out;
  for (std::size_t i = 0; i < 4; ++i) append(out, static_cast<std::uint8_t>(i < text.size() ? text[i] : '_'));
  return out;
}

std::uint8_t hex_digit(char digit) {
  return static_cast<std::uint8_t>(digit <= '9' ? digit - '0' : digit - 'A' + 10);
}

}  // namespace

Code join(std::initializer_list<Code> parts) {
  Code out;
  for (const Code& part : parts) append(out, part);
  return out;
}

Code path(std::string_view text) {
  Code out;
  if (text.starts_with('\\')) {
    append(out, static_cast<std::uint8_t>('\\'));
    text.remove_prefix(1);
  }
  std::vector<Code> segments;
  while (!text.empty()) {
    const std::size_t end = text.find('.');
    segments.push_back(segment(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (segments.size() == 2) append(out, op(Op::kDualPath));
  if (segments.size() > 2) {
    append(out, op(Op::kMultiPath));
    append(out, static_cast<std::uint8_t>(segments.size()));
  }
  for (const Code& part : segments) append(out, part);
  return out;
}

Code integer(std::uint64_t value) {
  if (value == 0) return op(Op::kZero);
  if (value == 1) return op(Op::kOne);
  Code out;
  if (value <= UINT8_MAX) {
    out = op(Op::kByte);
    append_le(out, static_cast<std::uint8_t>(value));
  } else if (value <= UINT16_MAX) {
    out = op(Op::kWord);
    append_le(out, static_cast<std::uint16_t>(value));
  } else if (value <= UINT32_MAX) {
    out = op(Op::kDword);
    append_le(out, static_cast<std::uint32_t>(value));
  } else {
    out = op(Op::kQword);
    append_le(out, value);
  }
  return out;
}

Code string(std::string_view text) {
  Code out = op(Op::kString);
  for (const std::byte character : as_bytes(text)) out.push_back(character);
  append(out, 0);
  return out;
}

Code eisa_id(std::string_view id) {
  // Three letters of 5 bits, four hexadecimal digits of 4; the most significant byte first.
  std::uint32_t value = 0;
  for (const char letter : id.substr(0, 3)) value = value << 5U | static_cast<std::uint32_t>(letter - '@');
  for (const char digit : id.substr(3, 4)) value = value << 4U | hex_digit(digit);
  Code out = op(Op::kDword);
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    append(out, static_cast<std::uint8_t>(value >> shift & 0xffU));
  return out;
}

Code package(std::initializer_list<Code> elements) {
  return sized(op(Op::kPackage), join({byte(static_cast<std::uint8_t>(elements.size())), join(elements)}));
}

Code name(std::string_view object, const Code& value) {
  return join({op(Op::kName), path(object), value});
}

Code scope(std::string_view where, const Code& body) {
  return sized(op(Op::kScope), join({path(where), body}));
}

Code device(std::string_view object, const Code& body) {
  return sized(op(ExtendedOp::kDevice), join({path(object), body}));
}

Code method(std::string_view object, unsigned arguments, const Code& body) {
  return sized(op(Op::kMethod), join({path(object), byte(static_cast<std::uint8_t>(arguments & 7U)), body}));
}

Code memory_region(std::string_view region, GuestAddress start, std::uint8_t size) {
  return join(
      {op(ExtendedOp::kRegion), path(region), {kSystemMemory}, integer(start.value()), integer(size)});
}

Code field(std::string_view region, std::string_view object, std::uint8_t bytes) {
  // Access by the register's own width, no lock, the rest of it preserved.
  const std::uint8_t access = bytes == 4 ? 3 : bytes == 2 ? 2 : 1;
  const Code bits = byte(static_cast<std::uint8_t>(bytes * 8));  // below 64, so a PkgLength of one byte
  return sized(op(ExtendedOp::kField), join({path(region), byte(access), segment(object), bits}));
}

Code argument(unsigned index) {
  return byte(static_cast<std::uint8_t>(static_cast<unsigned>(Op::kArg0) + index));
}

Code store(const Code& value, const Code& target) {
  return join({op(Op::kStore), value, target});
}

Code bit_and(const Code& left, const Code& right) {
  return join({op(Op::kAnd), left, right, op(Op::kZero)});  // a target of zero: nowhere
}

Code equal(const Code& left, const Code& right) {
  return join({op(Op::kEqual), left, right});
}

Code if_then(const Code& condition, const Code& body) {
  return sized(op(Op::kIf), join({condition, body}));
}

Code notify(std::string_view object, std::uint64_t value) {
  return join({op(Op::kNotify), path(object), integer(value)});
}

Code resources(std::initializer_list<Code> descriptors) {
  // A checksum of 0 in the end tag means that there is none.
  const Code bytes = join({join(descriptors), byte(kSmallEnd), byte(0)});
  return sized(op(Op::kBuffer), join({integer(bytes.size()), bytes}));
}

Code io_ports(std::uint16_t first, std::uint8_t count) {
  constexpr std::uint8_t kDecodes16Bits = 1;
  Code out = join({byte(kSmallIoPort), byte(kDecodes16Bits)});
  append_le(out, first);  // the lowest base …
  append_le(out, first);  // … and the highest
  return join({out, byte(1), byte(count)});
}

Code isa_interrupt(unsigned number) {
  Code out = byte(kSmallIrq);
  append_le(out, static_cast<std::uint16_t>(1U << number));
  return out;
}

Code fixed_memory(GuestAddress start, std::uint64_t size) {
  constexpr std::uint8_t kWritable = 1;
  Code out = byte(kLargeFixedMemory);
  append_le(out, std::uint16_t{9});
  append(out, kWritable);
  append_le(out, static_cast<std::uint32_t>(start.value()));
  append_le(out, static_cast<std::uint32_t>(size));
  return out;
}

Code interrupt(std::uint32_t number, Trigger trigger) {
  constexpr std::uint8_t kConsumer = 1;
  constexpr std::uint8_t kEdge = 2;
  Code out = byte(kLargeInterrupt);
  append_le(out, std::uint16_t{6});
  append(out, static_cast<std::uint8_t>(trigger == Trigger::kEdge ? kConsumer | kEdge : kConsumer));
  append(out, 1);  // how many interrupts follow
  append_le(out, number);
  return out;
}

}  // namespace pvh::board::aml
