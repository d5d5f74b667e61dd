// Leaves filters out of the stacks of channels that ask for it. README.md says which, and what they would do.

#include <grpc/support/port_platform.h>

#include "shim.h"

#include <limits.h>

#include <algorithm>
#include <atomic>
#include <string_view>
#include <vector>

#include "src/core/lib/channel/channel_args.h"
#include "src/core/lib/channel/channel_stack.h"
#include "src/core/lib/channel/channel_stack_builder.h"
#include "src/core/lib/config/core_configuration.h"
#include "src/core/lib/surface/channel_init.h"
#include "src/core/lib/surface/channel_stack_type.h"

namespace {

constexpr std::string_view kLeftOut[] = {"compression", "server_call_tracer"};

std::atomic<int> left_out{0};

bool is_left_out(const grpc_channel_filter* filter) {
  return std::find(std::begin(kLeftOut), std::end(kLeftOut), filter->name) != std::end(kLeftOut);
}

bool make_lean(grpc_core::ChannelStackBuilder* builder) {
  if (!corking_is_on() || !builder->channel_args().GetBool(corking_lean).value_or(false)) return true;
  std::vector<const grpc_channel_filter*>& stack = *builder->mutable_stack();
  const auto kept_end = std::remove_if(stack.begin(), stack.end(), is_left_out);
  left_out.fetch_add(static_cast<int>(stack.end() - kept_end), std::memory_order_relaxed);
  stack.erase(kept_end, stack.end());
  return true;
}

void register_last(grpc_core::CoreConfiguration::Builder* builder) {
  builder->channel_init()->RegisterStage(GRPC_SERVER_CHANNEL, INT_MAX, make_lean);
}

// Before main: C-core's configuration is made once, at its first use, and it aborts where somebody comes later.
[[maybe_unused]] const bool registered = [] {
  grpc_core::CoreConfiguration::RegisterBuilder(register_last);
  return true;
}();

}  // namespace

const char corking_lean[] = "corking.lean";

int corking_filters_left_out() { return left_out.load(std::memory_order_relaxed); }
