//! The figures of channel management: how callers find pods, lose none of their calls, and what the tools say of it.

mod agreement;
mod balancing;
mod goaways;
mod one_at_a_time;
mod pinned;
mod reconnects;
mod service;

use super::plan::{Measured, Plan, Run, Wanted};
use super::{Bound, Unit};
use crate::{BedError, Stop};

const fn wanted(name: &'static str, unit: Unit, bound: Bound) -> Wanted {
    Wanted { name, unit, bound }
}

/// What the client library cannot do yet is not measured, and so is short.
const fn awaited(wanted: &'static [Wanted]) -> Plan {
    Plan { wanted, run: Run::All(without_channels) }
}

pub(super) const PLANS: &[Plan] = &[
    awaited(&[
        wanted("pool_pods", Unit::Pods, Bound::Exactly(4.0)),
        wanted("pool_failed", Unit::Calls, Bound::Exactly(0.0)),
    ]),
    Plan { wanted: &[wanted("single_pods", Unit::Pods, Bound::Exactly(1.0))], run: Run::One(pinned::single_pods) },
    awaited(&[wanted("round_robin_new_pod", Unit::Seconds, Bound::AtMost(15.0))]),
    Plan {
        wanted: &[
            wanted("reconnects_hung", Unit::Calls, Bound::Exactly(0.0)),
            wanted("reconnects_fd", Unit::Files, Bound::AtMost(0.0)),
            wanted("reconnects_rss", Unit::Megabytes, Bound::AtMost(4.0)),
            wanted("reconnect_first", Unit::Seconds, Bound::AtMost(1.0)),
        ],
        run: Run::All(reconnects::measure),
    },
    awaited(&[
        wanted("outage_attempts", Unit::Times, Bound::AtMost(1.25)),
        wanted("outage_recovery", Unit::Seconds, Bound::AtMost(2.0)),
    ]),
    Plan { wanted: &[wanted("goaway_failed", Unit::Calls, Bound::Exactly(0.0))], run: Run::One(goaways::failed) },
    awaited(&[wanted("hedged_p99", Unit::Times, Bound::AtMost(0.5))]),
    Plan {
        wanted: &[wanted("open_loop_truth", Unit::Times, Bound::Between(0.9, 1.1))],
        run: Run::One(agreement::open_loop_truth),
    },
    Plan {
        wanted: &[wanted("load_agrees", Unit::Times, Bound::Between(0.9, 1.1))],
        run: Run::One(agreement::load_agrees),
    },
    Plan {
        wanted: &[wanted("balance_cells_measured", Unit::Percent, Bound::Exactly(100.0))],
        run: Run::One(balancing::cells_measured),
    },
];

fn without_channels(_: &Stop) -> Result<Vec<Measured>, BedError> {
    Err(BedError::Unexpected(
        "the client library has no pool, no round_robin, no retry budget and no hedging yet".to_owned(),
    ))
}
