// Keeps C-core's event engine. README.md says what its end can cost.

#include <grpc/support/port_platform.h>

#include "shim.h"

#include <memory>

#include <grpc/event_engine/event_engine.h>
#include <grpc/grpc.h>

#include "src/core/lib/event_engine/default_event_engine.h"
#include "src/core/lib/gprpp/no_destruct.h"

using grpc_event_engine::experimental::EventEngine;
using grpc_event_engine::experimental::GetDefaultEventEngine;

const void* corking_keep_engine() {
  // Never let go: what ends with the process needs no end of its own, in an order of its own.
  static const grpc_core::NoDestruct<std::shared_ptr<EventEngine>> kept([] {
    grpc_init();
    return GetDefaultEventEngine();
  }());
  return kept->get();
}
