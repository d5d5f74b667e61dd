//! Why other ways do better than this project's Envoy where they do.

use super::Way;
use super::verdict::Column;

/// What is known about it. Nothing for what has not been looked into.
pub(super) const fn why(column: Column, better: Way) -> Option<&'static str> {
    match (column, better) {
        (Column::Cpu, Way::L4) => Some(
            "The proxy's part is the hop: Envoy reads and writes every call once more. The servers' part is what spreading \
             costs by itself, as client round_robin shows without a hop: on one pod calls that come together share wake-ups \
             and writes, on four hardly any do",
        ),
        (Column::Cpu, Way::RoundRobin) => Some(
            "It is the hop: Envoy reads, decides on and writes every call once more, where here a call passes nobody",
        ),
        (Column::Cpu, Way::Pool) => Some(
            "The proxy's part is the hop: Envoy reads, decides on and writes every call once more, where a Service of layer 4 \
             passes packets on in the kernel, whose time is not counted here. Four connections cost a client more than one",
        ),
        _ => None,
    }
}
