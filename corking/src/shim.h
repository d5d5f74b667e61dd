// What lib.rs calls. None of it throws. Where nothing else is said it may be called from any thread at any time.
#ifndef CORKING_SHIM_H
#define CORKING_SHIM_H

extern "C" {
// Whether the program was linked with --wrap for the two functions of the write path.
bool corking_is_linked();

// Whether this C-core has the class of calls that the shim knows, with the signature that it knows.
bool corking_knows_calls();

// Whether the headers that the shim was compiled with describe the objects of the C-core that it is linked with.
bool corking_knows_contexts();

// From now on rounds are opened, or not. Rounds that are open end as always.
void corking_switch(bool on);

// Carries out what the calling thread has collected, and goes on collecting.
void corking_flush();

// Carries out what the calling thread has collected, and collects no more until its next event.
void corking_end_round();

// Answers `calls` on a connection of its own that are all there at once. Returns the writes that the answers took, or a
// negative number: which step failed. The server is lean. On a completion queue's thread it would end the round that is open.
int corking_writes_for(int calls);

// Whether rounds are opened.
bool corking_is_on();

// The channel argument, 1 or 0, by which a server asks for the short list of filters.
extern const char corking_lean[];

// Filters that were left out of channels since the process began: two for each connection of a
// lean server.
int corking_filters_left_out();

// Keeps C-core's event engine until the process ends, and returns it.
const void* corking_keep_engine();

// Connections that a completion queue has for itself, or had, since the process began.
int corking_connections_taken();

// System calls by which C-core has written to connections, since the process began.
unsigned long long corking_writes();
}

#endif
