// What the descriptors of C-core are, by the names that it gives them.
#ifndef CORKING_DESCRIPTORS_H
#define CORKING_DESCRIPTORS_H

#include <cstdint>

namespace corking {

enum class Descriptor : uint8_t { kOther, kListener, kAccepted, kAcceptedTrackingErrors };

// Notes what the descriptor of this number is from now on, also where another one had the number before.
void note_descriptor(int number, const char* name, bool tracks_errors);

// What it is. An accepted connection is one for whoever asks first, and `kOther` from then on.
Descriptor claim_descriptor(int number);

}  // namespace corking

#endif
