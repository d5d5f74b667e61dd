// The start-up self-test: real calls of a real C-core over a pair of connected sockets, all on the calling thread.

#include <grpc/support/port_platform.h>

#include "calls.h"
#include "shim.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <vector>

#include <grpc/grpc.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>

#include "src/core/lib/debug/stats.h"
#include "src/core/lib/debug/stats_data.h"

namespace {

// A machine that is this slow has other worries; nothing is served meanwhile.
constexpr int kLimitSeconds = 5;

gpr_timespec limit() {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(kLimitSeconds, GPR_TIMESPAN));
}

// The caller's side of a call.
struct Asked {
  grpc_call* call = nullptr;
  corking::Received received;

  ~Asked() {
    if (call != nullptr) grpc_call_unref(call);
  }

  bool ask(grpc_channel* channel, grpc_completion_queue* queue) {
    call = grpc_channel_create_call(channel, nullptr, GRPC_PROPAGATE_DEFAULTS, queue,
                                    grpc_slice_from_static_string("/corking/SelfTest"), nullptr,
                                    gpr_inf_future(GPR_CLOCK_REALTIME), nullptr);
    return corking::ask(call, received, this) == GRPC_CALL_OK;
  }
};

// The server's side of a call.
struct Answered {
  grpc_call* call = nullptr;
  grpc_call_details details;
  grpc_metadata_array headers;
  int cancelled = 0;

  Answered() {
    grpc_call_details_init(&details);
    grpc_metadata_array_init(&headers);
  }
  ~Answered() {
    if (call != nullptr) grpc_call_unref(call);
    grpc_call_details_destroy(&details);
    grpc_metadata_array_destroy(&headers);
  }

  bool await(grpc_server* server, grpc_completion_queue* queue) {
    return grpc_server_request_call(server, &call, &details, &headers, queue, queue, this) == GRPC_CALL_OK;
  }

  bool answer() {
    return corking::answer(call, cancelled, this) == GRPC_CALL_OK;
  }
};

// Arguments that ask for the short list of filters.
class Lean {
 public:
  Lean() : arg_{GRPC_ARG_INTEGER, const_cast<char*>(corking_lean), {}} { arg_.value.integer = 1; }
  Lean(const Lean&) = delete;
  Lean& operator=(const Lean&) = delete;

  const grpc_channel_args* args() const { return &args_; }

 private:
  grpc_arg arg_;
  const grpc_channel_args args_{1, &arg_};
};

// A server and a channel to it on one queue.
class Pair {
 public:
  Pair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
    grpc_server_register_completion_queue(server_, queue_, nullptr);
    grpc_server_start(server_);
    grpc_server_credentials* theirs = grpc_insecure_server_credentials_create();
    grpc_server_add_channel_from_fd(server_, ends[1], theirs);
    grpc_server_credentials_release(theirs);
    grpc_channel_credentials* ours = grpc_insecure_credentials_create();
    channel_ = grpc_channel_create_from_fd("corking", ends[0], ours, nullptr);
    grpc_channel_credentials_release(ours);
  }

  ~Pair() {
    if (channel_ != nullptr) grpc_channel_destroy(channel_);
    grpc_server_shutdown_and_notify(server_, queue_, this);
    grpc_server_cancel_all_calls(server_);
    while (next() == GRPC_OP_COMPLETE && last_tag_ != this) {
    }
    grpc_server_destroy(server_);
    grpc_completion_queue_shutdown(queue_);
    while (next() == GRPC_OP_COMPLETE) {
    }
    grpc_completion_queue_destroy(queue_);
  }

  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  bool is_connected() const { return channel_ != nullptr; }
  grpc_channel* channel() const { return channel_; }
  grpc_server* server() const { return server_; }
  grpc_completion_queue* queue() const { return queue_; }

  // Takes `count` events, all of which must tell of success.
  bool take(size_t count) {
    for (size_t taken = 0; taken < count; ++taken) {
      if (next() != GRPC_OP_COMPLETE || !last_success_) return false;
    }
    return true;
  }

 private:
  grpc_completion_type next() {
    const grpc_event event = grpc_completion_queue_next(queue_, limit(), nullptr);
    last_tag_ = event.tag;
    last_success_ = event.success != 0;
    return event.type;
  }

  const Lean lean_;
  grpc_completion_queue* const queue_ = grpc_completion_queue_create_for_next(nullptr);
  grpc_server* const server_ = grpc_server_create(lean_.args(), nullptr);
  grpc_channel* channel_ = nullptr;
  void* last_tag_ = nullptr;
  bool last_success_ = false;
};

// The calls go first: the server's end waits for them.
struct SelfTest {
  explicit SelfTest(size_t calls) : asked(calls), answered(calls) {}

  // The writes that the answers took, or which step failed.
  int run() {
    if (!pair.is_connected()) return -1;
    for (Answered& call : answered) {
      if (!call.await(pair.server(), pair.queue())) return -2;
    }
    for (Asked& call : asked) {
      if (!call.ask(pair.channel(), pair.queue())) return -3;
    }
    // Every call is there before the first answer is begun.
    if (!pair.take(answered.size())) return -4;
    const unsigned long long before = corking_writes();
    for (Answered& call : answered) {
      if (!call.answer()) return -5;
    }
    if (!pair.take(answered.size() + asked.size())) return -6;
    for (const Asked& call : asked) {
      if (call.received.status != GRPC_STATUS_DATA_LOSS) return -7;
    }
    return static_cast<int>(corking_writes() - before);
  }

  Pair pair;
  std::vector<Asked> asked;
  std::vector<Answered> answered;
};

}  // namespace

unsigned long long corking_writes() { return grpc_core::global_stats().Collect()->syscall_write; }

int corking_writes_for(int calls) {
  if (calls <= 0) return -8;
  // For ever: C-core that ends and begins again is of no use to anybody.
  grpc_init();
  auto test = std::make_unique<SelfTest>(static_cast<size_t>(calls));
  const int writes = test->run();
  if (writes < 0) {
    // The calling thread is no queue's: nothing else would end a round that is open there.
    corking_end_round();
    // C-core may still write to what it was given.
    test.release();
  }
  return writes;
}
