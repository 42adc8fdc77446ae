// Sentences for the faults of kernel files' wrappings: compressions, bzImage, unified image.
#include "pvh/words/words.hpp"

namespace pvh::words {

Table words_containers() {
  static constexpr FaultWords kWords[] = {
      {Fault::kNoAddressSpace, "this machine gives no room for what the file unpacks to",
       "Is there a limit on this process's memory (`ulimit -v`)? `--max-unpacked` asks for less."},
      {Fault::kUnpackedTooLarge, "{subject} unpacks to more than the limit of {wanted} (reached at {where})",
       "If the file is to be trusted, `--max-unpacked` raises the limit."},
      {Fault::kPackedTruncated, "{subject} ends too early, at {where}",
       "Was the file cut off, by an interrupted download or a full disk?"},
      {Fault::kPackedCorrupt, "{subject} is corrupt, at {where}: {found}",
       "The file was damaged on its way; get it again."},
      {Fault::kPackedUnsupported, "{subject} (at {where}) uses what cannot be unpacked here: {found}",
       "Unpack it with the tool that made it, and boot what comes out."},
      {Fault::kPackedNeedsMemory,
       "{subject} (at {where}) needs {found} of memory to be unpacked; the limit is {wanted}",
       "If the file is to be trusted, `--max-unpacked` raises the limit."},
      {Fault::kUnpackedSize,
       "{subject} unpacks to {found}, but the bzImage says (at {where}) that it is {wanted}",
       "The file was damaged or changed after it was built; get it again."},
      {Fault::kBzImageTooOld,
       "this is a bzImage of setup protocol {found} (at {where}), which does not tell where its kernel lies; "
       "it "
       "must be 2.08 or later",
       "Linux has it since 2.6.26. `extract-vmlinux` of the kernel's sources may find the ELF inside."},
      {Fault::kBzImageTruncated,
       "this is a bzImage, but {subject} (at {where}) needs a file of {wanted}; it has {found}",
       "Was the file cut off, by an interrupted download or a full disk?"},
      {Fault::kBzImageVersionText,
       "this is a bzImage, but its version string (at {found}, says the pointer at {where}) does not lie in "
       "its "
       "setup code",
       ""},
      {Fault::kBzImagePayloadEmpty,
       "this is a bzImage, but its payload (length at {where}) is {found} long; it must be more than "
       "{wanted}",
       ""},
      {Fault::kBzImagePayload,
       "this is a bzImage, but its payload (at {where}) is neither an ELF file nor of a known compression; "
       "it "
       "begins with {found}",
       "gzip, bzip2, lzma, xz, lzo, lz4 and zstd are known."},
      {Fault::kPeTruncated,
       "this is a PE file (EFI program), but {subject} (at {where}) needs a file of {wanted}; it has {found}",
       "Was the file cut off, by an interrupted download or a full disk?"},
      {Fault::kPeMachine,
       "this is a PE file (EFI program) for another machine: {found} (at {where}); it must be x86-64 or i386",
       "Was a kernel for another architecture taken?"},
      {Fault::kPeNoKernel, "this is a PE file (EFI program) without a {subject}, so it holds no kernel",
       "A unified kernel image has one; `ukify` makes them. A boot loader or EFI shell cannot be booted so."},
      {Fault::kPeDuplicateSection, "{subject} comes twice, the second time by its header at {where}",
       "Which one is meant cannot be told; build the image again."},
      {Fault::kPeSectionOutside, "{subject} (at {where}) needs a file of {wanted}; it has {found}",
       "Was the file cut off, by an interrupted download or a full disk?"},
      {Fault::kPeNulInText, "{subject} has a NUL byte inside its text, at {where}",
       "What follows it would be lost; build the image again."},
      {Fault::kNestedTooDeep, "the file is wrapped too often: there is no kernel within {wanted} layers",
       "Unpack it by hand, and boot what comes out."},
      {Fault::kNoKernelInside, "{subject} is no kernel but {found} (at {where})",
       "A vmlinux, a vmlinuz or an ELF file for direct boot should lie there."},
  };
  return kWords;
}

}  // namespace pvh::words
