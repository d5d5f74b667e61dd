//! The figures of channel management: how callers find pods, lose none of their calls, and what the tools say of it.

mod agreement;
mod balancing;
mod goaways;
mod hedging;
mod one_at_a_time;
mod outage;
mod pods;
mod reconnects;

use super::plan::{Measured, Plan, Run, Wanted};
use super::{Bound, Unit};

const fn wanted(name: &'static str, unit: Unit, bound: Bound) -> Wanted {
    Wanted { name, unit, bound }
}

pub(super) const PLANS: &[Plan] = &[
    Plan {
        wanted: &[
            wanted("pool_pods", Unit::Pods, Bound::Exactly(4.0)),
            wanted("pool_failed", Unit::Calls, Bound::Exactly(0.0)),
            wanted("single_pods", Unit::Pods, Bound::Exactly(1.0)),
        ],
        run: Run::All(pods::behind_l4),
    },
    Plan {
        wanted: &[wanted("round_robin_new_pod", Unit::Seconds, Bound::AtMost(15.0))],
        run: Run::One(pods::new_under_round_robin),
    },
    Plan {
        wanted: &[
            wanted("reconnects_hung", Unit::Calls, Bound::Exactly(0.0)),
            wanted("reconnects_fd", Unit::Files, Bound::AtMost(0.0)),
            wanted("reconnects_rss", Unit::Megabytes, Bound::AtMost(4.0)),
            wanted("reconnect_first", Unit::Seconds, Bound::AtMost(1.0)),
        ],
        run: Run::All(reconnects::measure),
    },
    Plan {
        wanted: &[
            wanted("outage_attempts", Unit::Times, Bound::AtMost(1.25)),
            wanted("outage_recovery", Unit::Seconds, Bound::AtMost(2.0)),
        ],
        run: Run::All(outage::measure),
    },
    Plan { wanted: &[wanted("goaway_failed", Unit::Calls, Bound::Exactly(0.0))], run: Run::One(goaways::failed) },
    Plan { wanted: &[wanted("hedged_p99", Unit::Times, Bound::AtMost(0.5))], run: Run::One(hedging::p99) },
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
