#include "descriptors.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

namespace corking {
namespace {

// By their number; those beyond are nothing that is known.
std::array<std::atomic<Descriptor>, 65'536> noted;

std::atomic<Descriptor>* note_of(int number) {
  return number >= 0 && static_cast<size_t>(number) < noted.size() ? &noted[static_cast<size_t>(number)] : nullptr;
}

Descriptor by_name(std::string_view name, bool tracks_errors) {
  const auto begins_with = [name](std::string_view begin) { return name.substr(0, begin.size()) == begin; };
  if (begins_with("tcp-server-listener:")) return Descriptor::kListener;
  if (!begins_with("tcp-server-connection:")) return Descriptor::kOther;
  return tracks_errors ? Descriptor::kAcceptedTrackingErrors : Descriptor::kAccepted;
}

}  // namespace

void note_descriptor(int number, const char* name, bool tracks_errors) {
  if (std::atomic<Descriptor>* const note = note_of(number)) *note = by_name(name, tracks_errors);
}

Descriptor claim_descriptor(int number) {
  std::atomic<Descriptor>* const note = note_of(number);
  if (note == nullptr) return Descriptor::kOther;
  const Descriptor descriptor = *note;
  const bool is_accepted = descriptor == Descriptor::kAccepted || descriptor == Descriptor::kAcceptedTrackingErrors;
  return is_accepted ? note->exchange(Descriptor::kOther) : descriptor;
}

}  // namespace corking
