//! The figures of images and deployments: how big, how soon rebuilt, how soon ready, and that nothing fails or is lost.

mod alone;
mod canary;
mod cluster;
mod compose;
mod rebuild;
mod size;

use super::plan::{Plan, Run, Wanted};
use super::{Bound, Unit};

pub(super) const PLANS: &[Plan] = &[
    Plan {
        wanted: &[
            Wanted { name: "server_image", unit: Unit::Megabytes, bound: Bound::AtMost(45.0) },
            Wanted { name: "client_image", unit: Unit::Megabytes, bound: Bound::AtMost(45.0) },
        ],
        run: Run::All(size::run),
    },
    Plan {
        wanted: &[Wanted { name: "rebuild", unit: Unit::Seconds, bound: Bound::AtMost(120.0) }],
        run: Run::One(rebuild::run),
    },
    Plan {
        wanted: &[
            Wanted { name: "server_ready", unit: Unit::Milliseconds, bound: Bound::AtMost(300.0) },
            Wanted { name: "server_rest", unit: Unit::Megabytes, bound: Bound::AtMost(25.0) },
        ],
        run: Run::All(alone::run),
    },
    Plan {
        wanted: &[
            Wanted { name: "compose_spread", unit: Unit::Calls, bound: Bound::AtMost(2.0) },
            Wanted { name: "compose_scale_up", unit: Unit::Seconds, bound: Bound::AtMost(3.0) },
            Wanted { name: "compose_scale_down_failed", unit: Unit::Calls, bound: Bound::Exactly(0.0) },
            Wanted { name: "compose_lost", unit: Unit::Customers, bound: Bound::Exactly(0.0) },
        ],
        run: Run::All(compose::run),
    },
    Plan {
        wanted: &[
            Wanted { name: "cluster_rollout_server_failed", unit: Unit::Calls, bound: Bound::Exactly(0.0) },
            Wanted { name: "cluster_rollout_envoy_failed", unit: Unit::Calls, bound: Bound::Exactly(0.0) },
            Wanted { name: "cluster_scale_failed", unit: Unit::Calls, bound: Bound::Exactly(0.0) },
            Wanted { name: "cluster_lost", unit: Unit::Customers, bound: Bound::Exactly(0.0) },
        ],
        run: Run::All(cluster::run),
    },
    Plan {
        wanted: &[Wanted { name: "canary_split", unit: Unit::Percent, bound: Bound::AtMost(2.0) }],
        run: Run::One(canary::split),
    },
];

/// The image of a program as `make images` names it.
fn image(program: &str) -> String {
    format!("{program}:{}", env!("CARGO_PKG_VERSION"))
}
