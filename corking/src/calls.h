// The two sides of a call without messages, for the self-test and the stress: each begins all of its work in one batch.
#ifndef CORKING_CALLS_H
#define CORKING_CALLS_H

#include <array>

#include <grpc/grpc.h>
#include <grpc/slice.h>

namespace corking {

// What a caller gets of a call.
struct Received {
  grpc_metadata_array headers;
  grpc_metadata_array trailers;
  grpc_status_code status = GRPC_STATUS_UNKNOWN;
  grpc_slice message = grpc_empty_slice();

  Received() {
    grpc_metadata_array_init(&headers);
    grpc_metadata_array_init(&trailers);
  }
  ~Received() {
    grpc_metadata_array_destroy(&headers);
    grpc_metadata_array_destroy(&trailers);
    grpc_slice_unref(message);
  }
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;
};

// Asks, and waits for the end; `received` lives until then.
inline grpc_call_error ask(grpc_call* call, Received& received, void* tag) {
  std::array<grpc_op, 4> ops{};
  ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
  ops[1].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
  ops[2].op = GRPC_OP_RECV_INITIAL_METADATA;
  ops[2].data.recv_initial_metadata.recv_initial_metadata = &received.headers;
  ops[3].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
  ops[3].data.recv_status_on_client.trailing_metadata = &received.trailers;
  ops[3].data.recv_status_on_client.status = &received.status;
  ops[3].data.recv_status_on_client.status_details = &received.message;
  return grpc_call_start_batch(call, ops.data(), ops.size(), tag, nullptr);
}

// Answers with DATA_LOSS, which nothing else here would; `cancelled` lives until the end.
inline grpc_call_error answer(grpc_call* call, int& cancelled, void* tag) {
  std::array<grpc_op, 3> ops{};
  ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
  ops[1].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
  ops[1].data.send_status_from_server.status = GRPC_STATUS_DATA_LOSS;
  ops[2].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
  ops[2].data.recv_close_on_server.cancelled = &cancelled;
  return grpc_call_start_batch(call, ops.data(), ops.size(), tag, nullptr);
}

}  // namespace corking

#endif
