// Corking under everything at once, in C++ alone, so that ThreadSanitizer sees all of it: `make sanitize` builds and runs it.
// A server with four queues, whose threads answer themselves or let another thread answer; callers over TCP and over pairs of
// sockets, who cancel, run out of time, or see the server end; and the switch, which goes on and off meanwhile.

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <grpc/grpc.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>

#include "../src/calls.h"
#include "../src/shim.h"

namespace {

constexpr int kQueues = 4;
constexpr int kRequestsOfQueue = 16;
constexpr int kCallers = 6;
constexpr int kCallsAtOnce = 40;
constexpr int kRounds = 150;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "stress: %s\n", what);
  std::exit(1);
}

// Calls on the server that are not at their end yet. Queues may end only after the last of them.
std::atomic<int> living{0};

// No more calls are wished for.
std::atomic<bool> ending{false};

// A call on the server, from the wish for one to its end.
struct Answered {
  explicit Answered(grpc_server* on, grpc_completion_queue* by) : server(on), queue(by) {
    ++living;
    grpc_call_details_init(&details);
    grpc_metadata_array_init(&headers);
    require(grpc_server_request_call(server, &call, &details, &headers, queue, queue, this) == GRPC_CALL_OK, "request");
  }
  ~Answered() {
    if (call != nullptr) grpc_call_unref(call);
    grpc_call_details_destroy(&details);
    grpc_metadata_array_destroy(&headers);
    --living;
  }
  Answered(const Answered&) = delete;
  Answered& operator=(const Answered&) = delete;

  void answer() {
    require(corking::answer(call, cancelled, this) == GRPC_CALL_OK, "answer");
  }

  grpc_server* const server;
  grpc_completion_queue* const queue;
  grpc_call* call = nullptr;
  grpc_call_details details;
  grpc_metadata_array headers;
  int cancelled = 0;
  bool is_here = false;
};

// A thread that serves no queue, and answers what others give it.
class Elsewhere {
 public:
  void give(Answered* call) {
    const std::lock_guard<std::mutex> lock(mutex_);
    calls_.push_back(call);
    given_.notify_one();
  }
  void end() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    given_.notify_one();
  }
  void run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      given_.wait(lock, [this] { return ended_ || !calls_.empty(); });
      if (calls_.empty()) return;
      Answered* const call = calls_.front();
      calls_.pop_front();
      lock.unlock();
      call->answer();
      lock.lock();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<Answered*> calls_;
  bool ended_ = false;
};

void serve(grpc_completion_queue* queue, Elsewhere* elsewhere) {
  unsigned taken = 0;
  while (true) {
    const grpc_event event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), nullptr);
    if (event.type == GRPC_QUEUE_SHUTDOWN) return;
    // The end of the server has no call.
    if (event.tag == nullptr) continue;
    auto* const call = static_cast<Answered*>(event.tag);
    if (call->is_here || event.success == 0) {
      delete call;
      continue;
    }
    call->is_here = true;
    if (!ending) new Answered(call->server, queue);
    ++taken;
    if (taken % 4 == 0) {
      elsewhere->give(call);
    } else {
      call->answer();
      if (taken % 9 == 0) corking_flush();
    }
  }
}

// A call of a client.
struct Asked {
  Asked(grpc_channel* channel, grpc_completion_queue* queue, int number) {
    const gpr_timespec soon = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(500, GPR_TIMESPAN));
    call = grpc_channel_create_call(channel, nullptr, GRPC_PROPAGATE_DEFAULTS, queue,
                                    grpc_slice_from_static_string("/corking/Stress"), nullptr,
                                    number % 11 == 0 ? soon : gpr_inf_future(GPR_CLOCK_MONOTONIC), nullptr);
    require(corking::ask(call, received, this) == GRPC_CALL_OK, "ask");
    if (number % 7 == 0) grpc_call_cancel(call, nullptr);
  }
  ~Asked() { grpc_call_unref(call); }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  grpc_call* call;
  corking::Received received;
};

// Calls for so many rounds, or until the server has ended. Returns how many calls were answered.
int call(grpc_channel* channel, int rounds) {
  grpc_completion_queue* const queue = grpc_completion_queue_create_for_next(nullptr);
  int answered = 0;
  bool is_there = true;
  for (int round = 0; round < rounds && is_there; ++round) {
    std::vector<std::unique_ptr<Asked>> calls;
    for (int number = 1; number <= kCallsAtOnce; ++number) {
      calls.push_back(std::make_unique<Asked>(channel, queue, number));
    }
    for (int taken = 0; taken < kCallsAtOnce; ++taken) {
      const grpc_event event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), nullptr);
      require(event.type == GRPC_OP_COMPLETE, "an answer");
    }
    for (const auto& asked : calls) {
      answered += asked->received.status == GRPC_STATUS_DATA_LOSS ? 1 : 0;
      is_there = is_there && asked->received.status != GRPC_STATUS_UNAVAILABLE;
    }
  }
  grpc_completion_queue_shutdown(queue);
  while (grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), nullptr).type != GRPC_QUEUE_SHUTDOWN) {
  }
  grpc_completion_queue_destroy(queue);
  return answered;
}

// Over TCP, so that connections are accepted: those a queue takes for itself.
grpc_channel* connect(int port) {
  grpc_channel_credentials* const ours = grpc_insecure_credentials_create();
  // Otherwise channels to one address share a connection.
  grpc_arg alone{GRPC_ARG_INTEGER, const_cast<char*>(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL), {}};
  alone.value.integer = 1;
  const grpc_channel_args args{1, &alone};
  const std::string address = "ipv4:127.0.0.1:" + std::to_string(port);
  grpc_channel* const channel = grpc_channel_create(address.c_str(), ours, &args);
  grpc_channel_credentials_release(ours);
  return channel;
}

grpc_channel* connect(grpc_server* server) {
  std::array<int, 2> ends{};
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0, "a pair of sockets");
  grpc_server_credentials* const theirs = grpc_insecure_server_credentials_create();
  grpc_server_add_channel_from_fd(server, ends[1], theirs);
  grpc_server_credentials_release(theirs);
  grpc_channel_credentials* const ours = grpc_insecure_credentials_create();
  grpc_channel* const channel = grpc_channel_create_from_fd("stress", ends[0], ours, nullptr);
  grpc_channel_credentials_release(ours);
  return channel;
}

}  // namespace

int main() {
  require(corking_is_linked() && corking_knows_calls(), "it is linked without --wrap");
  grpc_init();
  corking_switch(true);
  grpc_arg lean{GRPC_ARG_INTEGER, const_cast<char*>(corking_lean), {}};
  lean.value.integer = 1;
  const grpc_channel_args args{1, &lean};
  grpc_server* const server = grpc_server_create(&args, nullptr);
  std::vector<grpc_completion_queue*> queues;
  for (int queue = 0; queue < kQueues; ++queue) {
    queues.push_back(grpc_completion_queue_create_for_next(nullptr));
    grpc_server_register_completion_queue(server, queues.back(), nullptr);
  }
  grpc_server_credentials* const anybody = grpc_insecure_server_credentials_create();
  const int port = grpc_server_add_http2_port(server, "127.0.0.1:0", anybody);
  grpc_server_credentials_release(anybody);
  require(port > 0, "a port");
  grpc_server_start(server);
  Elsewhere elsewhere;
  std::thread answering([&] { elsewhere.run(); });
  std::vector<std::thread> serving;
  for (grpc_completion_queue* const queue : queues) {
    for (int request = 0; request < kRequestsOfQueue; ++request) new Answered(server, queue);
    serving.emplace_back(serve, queue, &elsewhere);
  }

  std::atomic<int> answered{0};
  std::vector<grpc_channel*> channels;
  std::vector<std::thread> patient;
  std::vector<std::thread> until_the_end;
  for (int caller = 0; caller < kCallers; ++caller) {
    grpc_channel* const channel = channels.emplace_back(caller % 2 == 0 ? connect(server) : connect(port));
    patient.emplace_back([&answered, channel] { answered += call(channel, kRounds); });
    // A second caller on the same connection.
    until_the_end.emplace_back([&answered, channel] { answered += call(channel, 1 << 30); });
  }
  std::atomic<bool> is_over{false};
  std::thread switching([&] {
    for (bool on = false; !is_over; on = !on) {
      poll(nullptr, 0, 5);
      corking_switch(on);
    }
  });
  for (std::thread& caller : patient) caller.join();

  ending = true;
  grpc_server_shutdown_and_notify(server, queues[0], nullptr);
  grpc_server_cancel_all_calls(server);
  for (std::thread& caller : until_the_end) caller.join();
  is_over = true;
  switching.join();
  elsewhere.end();
  answering.join();
  while (living > 0) poll(nullptr, 0, 1);
  for (grpc_completion_queue* const queue : queues) grpc_completion_queue_shutdown(queue);
  for (std::thread& thread : serving) thread.join();
  grpc_server_destroy(server);
  for (grpc_completion_queue* const queue : queues) grpc_completion_queue_destroy(queue);
  for (grpc_channel* const channel : channels) grpc_channel_destroy(channel);
  grpc_shutdown_blocking();
  std::printf("stress: %d calls answered, %d connections of queues alone\n", answered.load(), corking_connections_taken());
  require(corking_connections_taken() > 0, "no queue took a connection for itself");
  require(answered > kCallers * kRounds * kCallsAtOnce / 2, "too few calls were answered");
}
