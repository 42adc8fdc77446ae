#include "engine_words.hpp"

namespace pvh::cli {

std::string_view reason_text(launch::ChoiceReason reason) {
  using launch::ChoiceReason;
  switch (reason) {
    case ChoiceReason::kAsked:
      return "asked for";
    case ChoiceReason::kNoKvm:
      return "/dev/kvm not found; an emulated CPU runs on any machine";
    case ChoiceReason::kForbidden:
      return "permission denied: /dev/kvm; an emulated CPU runs on any machine";
    case ChoiceReason::kSoftwareKvm:
      return "/dev/kvm has no hardware virtualization behind it; --engine kvm tries it";
    case ChoiceReason::kNoAcpi:
      return "a guest without ACPI needs interrupt controllers that kvm lacks";
    case ChoiceReason::kHardware:
      return "the host's processor runs the guest";
  }
  return "";
}

}  // namespace pvh::cli
