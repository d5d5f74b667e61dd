// What is linked in place of two functions of C-core (ld's --wrap). README.md explains the write path that this changes.

#include <grpc/support/port_platform.h>

#include "shim.h"

#include <time.h>

#include <atomic>
#include <cstdint>
#include <new>

#include <grpc/support/time.h>

#include "src/core/lib/iomgr/exec_ctx.h"

extern "C" {
// The functions themselves, as a program sees them that was linked with --wrap. In any other program they are null.
[[gnu::weak]] grpc_event __real_grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                                           void* reserved);
[[gnu::weak]] grpc_call_error __real_grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag,
                                                           void* reserved);
grpc_event __wrap_grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline, void* reserved);
grpc_call_error __wrap_grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag,
                                             void* reserved);

// grpc_core::FilterStackCall is declared in no header, but its symbols carry the types of what they name: a C-core with
// another signature has other symbols, and these are null.
[[gnu::weak]] extern const void* const filter_stack_call_vtable[] asm("_ZTVN9grpc_core15FilterStackCallE");
[[gnu::weak]] grpc_call_error filter_stack_call_start_batch(grpc_call* self, const grpc_op* ops, size_t count,
                                                            void* tag, bool tag_is_closure)
    asm("_ZN9grpc_core15FilterStackCall10StartBatchEPK7grpc_opmPvb");
}

namespace {

// A round ends after so many events, so that none of its answers waits for all that a busy queue brings. From 64 on
// more events save no more writes that could be measured; with 16 a round is too short for 100 calls on a connection.
constexpr unsigned kMostEvents = 256;

// A round ends after this time too. It is looked at once in kEventsBetweenLooks events, since reading the clock costs 2 % of
// a small call's event; where events take longer than kSlowEventNanoseconds, after each.
constexpr int64_t kLongestRoundNanoseconds = 500'000;
constexpr int64_t kSlowEventNanoseconds = 50'000;
constexpr unsigned kEventsBetweenLooks = 8;

std::atomic<bool> corking{false};

int64_t now_in_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class Round final : public grpc_core::ExecCtx {
 public:
  Round() : ExecCtx(0) {}

  // The base class forbids it, and the language asks for one wherever a destructor is virtual. Nobody calls it.
  static void operator delete(void* /* round */) {}
};

// One thread's cork. While it is open, what the thread starts is collected in its round and not yet carried out.
class Cork {
 public:
  bool is_open() const { return round_ != nullptr; }

  void open() {
    round_ = new (&room_) Round();
    events_ = 0;
    last_look_ = 0;
    begun_ = looked_at_ = now_in_nanoseconds();
  }

  // Carries out everything: for each connection one write.
  void close() {
    grpc_core::ApplicationCallbackExecCtx callbacks;
    // Deadlines and pings count from now, whatever the last event took.
    round_->InvalidateNow();
    // Before the destructor, which would hand work to C-core's executor threads where a lock is contended.
    round_->Flush();
    round_->~Round();
    round_ = nullptr;
  }

  // Whether one more event may be taken into this round.
  bool has_room() {
    ++events_;
    if (events_ >= kMostEvents) return false;
    if (events_ - last_look_ < events_to_look_) return true;
    const int64_t now = now_in_nanoseconds();
    const bool is_slow = now - looked_at_ > kSlowEventNanoseconds * (events_ - last_look_);
    events_to_look_ = is_slow ? 1 : kEventsBetweenLooks;
    last_look_ = events_;
    looked_at_ = now;
    return now - begun_ < kLongestRoundNanoseconds;
  }

  // C-core keeps the time of a context's first look at the clock. Timers that an event starts count from the event.
  void forget_the_time() { round_->InvalidateNow(); }

 private:
  // Not on the heap: C-core's contexts refuse to be deleted.
  alignas(Round) unsigned char room_[sizeof(Round)];
  Round* round_ = nullptr;
  unsigned events_ = 0;
  int64_t begun_ = 0;
  // The event at which the clock was last looked at, and what it said.
  unsigned last_look_ = 0;
  int64_t looked_at_ = 0;
  // As the thread's last events were slow or not, so that a first slow one after slow ones is not missed.
  unsigned events_to_look_ = kEventsBetweenLooks;
};

thread_local Cork cork;

// Carries out what a thread leaves that ends amid a round, by a panic: its connections are other threads' too. Apart from the
// cork, so that only the beginning of a round asks whether it is there.
struct LastWill {
  ~LastWill() {
    if (cork.is_open()) cork.close();
  }
};

void open_round() {
  static thread_local const LastWill last_will;
  cork.open();
}

}  // namespace

grpc_event __wrap_grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline, void* reserved) {
  if (cork.is_open()) {
    if (cork.has_room()) {
      const grpc_event event =
          __real_grpc_completion_queue_next(queue, gpr_inf_past(GPR_CLOCK_MONOTONIC), reserved);
      if (event.type == GRPC_OP_COMPLETE) {
        cork.forget_the_time();
        return event;
      }
    }
    // Always before a wait: what is collected may be what the next event depends on.
    cork.close();
  }
  const grpc_event event = __real_grpc_completion_queue_next(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE && corking.load(std::memory_order_relaxed)) open_round();
  return event;
}

grpc_call_error __wrap_grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag,
                                             void* reserved) {
  if (!cork.is_open() || reserved != nullptr || call == nullptr) {
    return __real_grpc_call_start_batch(call, ops, count, tag, reserved);
  }
  // The first word of an object with virtual functions points behind the two words that begin its class's table.
  if (*reinterpret_cast<const void* const* const*>(call) != filter_stack_call_vtable + 2) {
    return __real_grpc_call_start_batch(call, ops, count, tag, reserved);
  }
  // As grpc_call_start_batch, but for the context of its own that would be flushed on return.
  grpc_core::ApplicationCallbackExecCtx callbacks;
  return filter_stack_call_start_batch(call, ops, count, tag, false);
}

bool corking_is_linked() { return __real_grpc_completion_queue_next != nullptr && __real_grpc_call_start_batch != nullptr; }

bool corking_knows_calls() { return filter_stack_call_vtable != nullptr && filter_stack_call_start_batch != nullptr; }

void corking_switch(bool on) { corking.store(on, std::memory_order_relaxed); }

bool corking_is_on() { return corking.load(std::memory_order_relaxed); }

void corking_end_round() {
  if (cork.is_open()) cork.close();
}

void corking_flush() {
  if (!cork.is_open()) return;
  cork.close();
  cork.open();
}

bool corking_knows_contexts() {
  constexpr timespec kLongerThanAMillisecond{0, 2'000'000};
  Round round;
  const grpc_core::Timestamp first = grpc_core::Timestamp::Now();
  nanosleep(&kLongerThanAMillisecond, nullptr);
  // Kept by C-core's code, forgotten by ours: both only where they agree on the object.
  const bool is_kept = grpc_core::Timestamp::Now() == first;
  round.InvalidateNow();
  const bool is_forgotten = grpc_core::Timestamp::Now() > first;
  return grpc_core::ExecCtx::Get() == &round && is_kept && is_forgotten && !round.HasWork() && !round.Flush();
}
