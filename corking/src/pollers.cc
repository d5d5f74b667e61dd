// A polling engine of C-core: epoll1, but the connections that a server with several completion queues accepts are each in an
// epoll set of one queue alone. README.md explains why.

#include <grpc/support/port_platform.h>

#include "descriptors.h"
#include "shim.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <new>

#include <grpc/support/log.h>
#include <grpc/support/sync.h>

#include "src/core/lib/gprpp/fork.h"
#include "src/core/lib/iomgr/error.h"
#include "src/core/lib/iomgr/ev_epoll1_linux.h"
#include "src/core/lib/iomgr/ev_posix.h"
#include "src/core/lib/iomgr/exec_ctx.h"

extern "C" {
[[gnu::weak]] int __real_epoll_create1(int flags);
[[gnu::weak]] int __real_epoll_wait(int epoll, epoll_event* events, int most, int timeout);
int __wrap_epoll_create1(int flags);
int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout);
}

namespace {

const grpc_event_engine_vtable& epoll1 = grpc_ev_epoll1_posix;

// epoll1's set, which it keeps to itself: every descriptor of C-core is in it at first.
std::atomic<int> shared_epoll{-1};
thread_local bool epoll1_begins = false;
// epoll1 has events that it has not handled yet. It looks at them before it asks for more, but only when somebody works on it.
std::atomic<bool> is_shared_left{false};

// Connections that are read in one go. With 16 of them that have 20 calls each, more calls come together than their queue has
// asked for, and the rest goes to other queues: 10.8 µs of CPU for each of those, and 8 with four.
constexpr int kMostEvents = 4;

// Pollsets of queues on which a server listens. With one alone nothing is taken from the shared set.
std::atomic<int> listening_pollsets{0};
// Pollsets whose threads wait in sets of their own.
std::atomic<int> apart_pollsets{0};
std::atomic<int> connections_taken{0};

bool add(int epoll, int number, uint32_t events, void* data) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = data;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, number, &event) == 0) return true;
  gpr_log(GPR_ERROR, "corking: epoll_ctl failed: %d", errno);
  return false;
}

// As epoll1 adds it: the lowest bit of the address says whether errors are an event of their own.
bool add_connection(int epoll, int number, grpc_fd* object, bool tracks_errors) {
  const auto data = reinterpret_cast<uintptr_t>(object) | static_cast<uintptr_t>(tracks_errors);
  return add(epoll, number, EPOLLIN | EPOLLOUT | EPOLLET, reinterpret_cast<void*>(data));
}

// Where C-core keeps a connection's closures. It may have been closed since, as in epoll1: that is a wake-up for nothing.
void make_ready(const epoll_event& event) {
  const auto data = reinterpret_cast<uintptr_t>(event.data.ptr);
  grpc_fd* const object = reinterpret_cast<grpc_fd*>(data & ~uintptr_t{1});
  const bool tracks_errors = (data & 1) != 0;
  const bool failed = (event.events & EPOLLERR) != 0;
  const bool hung_up = (event.events & EPOLLHUP) != 0 || (failed && !tracks_errors);
  if (failed && tracks_errors) epoll1.fd_set_error(object);
  if (hung_up || (event.events & (EPOLLIN | EPOLLPRI)) != 0) epoll1.fd_set_readable(object);
  if (hung_up || (event.events & EPOLLOUT) != 0) epoll1.fd_set_writable(object);
}

int milliseconds_until(grpc_core::Timestamp deadline) {
  if (deadline == grpc_core::Timestamp::InfFuture()) return -1;
  const int64_t left = (deadline - grpc_core::Timestamp::Now()).millis();
  return static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
}

// What this engine has behind each of epoll1's pollsets. `base` is that one, whose mutex `work`, `kick` and `shut_down` want held.
class Pollset {
 public:
  Pollset(grpc_pollset* base, gpr_mu* mutex) : base_(base), mutex_(mutex) {}

  ~Pollset() {
    if (listens_) --listening_pollsets;
    if (is_apart_) --apart_pollsets;
    close_set();
  }

  Pollset(const Pollset&) = delete;
  Pollset& operator=(const Pollset&) = delete;

  void listen() {
    if (!listens_.exchange(true)) ++listening_pollsets;
  }

  // Takes a connection that was just accepted out of the shared set, where that can be.
  void take(int number, grpc_fd* object, bool tracks_errors) {
    if (!listens_ || listening_pollsets < 2 || !corking_is_on() || !part()) return;
    epoll_event ignored{};
    epoll_ctl(shared_epoll, EPOLL_CTL_DEL, number, &ignored);
    if (add_connection(epoll_, number, object, tracks_errors)) {
      ++connections_taken;
    } else {
      add_connection(shared_epoll, number, object, tracks_errors);
    }
  }

  grpc_error_handle work(grpc_pollset_worker** worker, grpc_core::Timestamp deadline) {
    if (is_apart_) return work_apart(deadline);
    // Only one thread at a time that does not care who is woken can be woken by what this has instead of workers.
    is_fit_ = worker == nullptr && (is_fit_ || !was_worked_on_) && working_ == 0;
    was_worked_on_ = true;
    ++working_;
    grpc_error_handle error = epoll1.pollset_work(base_, worker, deadline);
    --working_;
    return error;
  }

  grpc_error_handle kick(grpc_pollset_worker* worker) {
    if (!is_apart_) return epoll1.pollset_kick(base_, worker);
    // Whoever works here looks at the queue once more anyway.
    if (worked_on == this) return absl::OkStatus();
    if (waiting_ > 0) {
      wake();
    } else {
      is_kicked_ = true;
    }
    return absl::OkStatus();
  }

  void shut_down(grpc_closure* closure) {
    is_over_ = true;
    if (is_apart_) wake();
    epoll1.pollset_shutdown(base_, closure);
  }

 private:
  // Lets the mutex go while it waits.
  grpc_error_handle work_apart(grpc_core::Timestamp deadline) {
    if (is_kicked_) {
      is_kicked_ = false;
      return absl::OkStatus();
    }
    const Pollset* const outer = worked_on;
    worked_on = this;
    const int timeout = is_shared_left ? 0 : milliseconds_until(deadline);
    std::array<epoll_event, kMostEvents> events;
    ++waiting_;
    gpr_mu_unlock(mutex_);
    int count = 0;
    do {
      count = __real_epoll_wait(epoll_, events.data(), kMostEvents, timeout);
    } while (count < 0 && errno == EINTR);
    grpc_error_handle error = count < 0 ? GRPC_OS_ERROR(errno, "epoll_wait") : absl::OkStatus();
    --waiting_;
    grpc_core::ExecCtx* const context = grpc_core::ExecCtx::Get();
    if (timeout != 0) context->InvalidateNow();
    bool is_shared_ready = is_shared_left;
    for (int n = 0; n < count; ++n) {
      const epoll_event& event = events[static_cast<size_t>(n)];
      if (event.data.ptr == &shared_epoll) {
        is_shared_ready = true;
      } else if (event.data.ptr != &wakeup_) {
        make_ready(event);
      }
    }
    context->Flush();
    gpr_mu_lock(mutex_);
    if (is_over_ && waiting_ > 0) wake();
    if (is_shared_ready) error = epoll1.pollset_work(base_, nullptr, grpc_core::Timestamp::ProcessEpoch());
    worked_on = outer;
    return error;
  }

  // Makes the set, the first time; whoever works here comes out of the shared one.
  bool part() {
    gpr_mu_lock(mutex_);
    if (!is_apart_ && is_fit_ && !is_over_ && make_set()) {
      ++apart_pollsets;
      is_apart_ = true;
      // Also for whoever looked at the queue before, and comes to work here only now.
      is_kicked_ = true;
      (void)epoll1.pollset_kick(base_, nullptr);
    }
    const bool is_apart = is_apart_;
    gpr_mu_unlock(mutex_);
    return is_apart;
  }

  bool make_set() {
    epoll_ = __real_epoll_create1(EPOLL_CLOEXEC);
    wakeup_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    // Edges: nobody has to read what was written there.
    if (epoll_ >= 0 && wakeup_ >= 0 && add(epoll_, wakeup_, EPOLLIN | EPOLLET, &wakeup_) &&
        add(epoll_, shared_epoll, EPOLLIN, &shared_epoll)) {
      return true;
    }
    close_set();
    return false;
  }

  void close_set() {
    if (epoll_ >= 0) close(epoll_);
    if (wakeup_ >= 0) close(wakeup_);
    epoll_ = wakeup_ = -1;
  }

  void wake() const {
    // It cannot be full: that takes 2^64 of them.
    (void)eventfd_write(wakeup_, 1);
  }

  // The pollset on which this thread works.
  static thread_local const Pollset* worked_on;

  grpc_pollset* const base_;
  gpr_mu* const mutex_;
  std::atomic<bool> listens_{false};
  // All below changes with the mutex held, but for `waiting_` that only grows so: a kick sees it, or comes before the look at
  // `is_kicked_`.
  std::atomic<bool> is_apart_{false};
  bool was_worked_on_ = false;
  bool is_fit_ = false;
  bool is_kicked_ = false;
  bool is_over_ = false;
  int working_ = 0;
  std::atomic<int> waiting_{0};
  int epoll_ = -1;
  int wakeup_ = -1;
};

thread_local const Pollset* Pollset::worked_on = nullptr;

// Bytes from the beginning of epoll1's pollset to ours.
size_t distance() {
  constexpr size_t kUnit = alignof(Pollset);
  return (epoll1.pollset_size + kUnit - 1) / kUnit * kUnit;
}

unsigned char* place_behind(grpc_pollset* base) { return reinterpret_cast<unsigned char*>(base) + distance(); }

Pollset& behind(grpc_pollset* base) { return *std::launder(reinterpret_cast<Pollset*>(place_behind(base))); }

grpc_fd* fd_create(int number, const char* name, bool tracks_errors) {
  corking::note_descriptor(number, name, tracks_errors);
  return epoll1.fd_create(number, name, tracks_errors);
}

void pollset_init(grpc_pollset* base, gpr_mu** mutex) {
  epoll1.pollset_init(base, mutex);
  new (place_behind(base)) Pollset(base, *mutex);
}

void pollset_shutdown(grpc_pollset* base, grpc_closure* closure) { behind(base).shut_down(closure); }

void pollset_destroy(grpc_pollset* base) {
  behind(base).~Pollset();
  epoll1.pollset_destroy(base);
}

grpc_error_handle pollset_work(grpc_pollset* base, grpc_pollset_worker** worker, grpc_core::Timestamp deadline) {
  return behind(base).work(worker, deadline);
}

grpc_error_handle pollset_kick(grpc_pollset* base, grpc_pollset_worker* worker) { return behind(base).kick(worker); }

// C-core asks for it when it listens, when it has accepted a connection, and for every call: only the first time for a connection
// comes before anybody else knows of it.
void pollset_add_fd(grpc_pollset* base, grpc_fd* object) {
  const int number = epoll1.fd_wrapped_fd(object);
  switch (const corking::Descriptor descriptor = corking::claim_descriptor(number); descriptor) {
    case corking::Descriptor::kOther:
      return;
    case corking::Descriptor::kListener:
      return behind(base).listen();
    case corking::Descriptor::kAccepted:
    case corking::Descriptor::kAcceptedTrackingErrors:
      return behind(base).take(number, object, descriptor == corking::Descriptor::kAcceptedTrackingErrors);
  }
}

grpc_event_engine_vtable engine{};

void init() {
  epoll1_begins = true;
  epoll1.init_engine();
  epoll1_begins = false;
}

bool begin(bool explicitly);

// What C-core looks at before it has chosen.
void introduce() {
  engine.name = "epoll1-apart";
  engine.check_engine_available = begin;
  engine.init_engine = init;
}

bool begin(bool explicitly) {
  // After a fork C-core renews epoll1's set behind our back.
  if (grpc_core::Fork::Enabled()) return false;
  epoll1_begins = true;
  const bool is_available = epoll1.check_engine_available(explicitly);
  epoll1_begins = false;
  if (!is_available || shared_epoll < 0) return false;
  engine = epoll1;
  introduce();
  engine.pollset_size = distance() + sizeof(Pollset);
  engine.fd_create = fd_create;
  engine.pollset_init = pollset_init;
  engine.pollset_shutdown = pollset_shutdown;
  engine.pollset_destroy = pollset_destroy;
  engine.pollset_work = pollset_work;
  engine.pollset_kick = pollset_kick;
  engine.pollset_add_fd = pollset_add_fd;
  return true;
}

// Before main: C-core chooses its engine once, at its first use.
[[maybe_unused]] const bool registered = [] {
  if (__real_epoll_create1 == nullptr || __real_epoll_wait == nullptr) return false;
  introduce();
  grpc_register_event_engine_factory(&engine, true);
  return true;
}();

}  // namespace

int __wrap_epoll_create1(int flags) {
  const int epoll = __real_epoll_create1(flags);
  if (epoll1_begins) shared_epoll = epoll;
  return epoll;
}

// epoll1 handles one event of those that it takes and leaves the others to whoever works on it next. Where threads wait in sets of
// their own, that may be nobody: the rest stays in its set then, which is a member of theirs.
int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  if (epoll != shared_epoll) return __real_epoll_wait(epoll, events, most, timeout);
  is_shared_left = false;
  const int count = __real_epoll_wait(epoll, events, apart_pollsets > 0 ? 1 : most, timeout);
  is_shared_left = count > 1;
  return count;
}

int corking_connections_taken() { return connections_taken.load(std::memory_order_relaxed); }
