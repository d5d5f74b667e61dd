//! The figures of rollouts, faults, attacks and certificates: what callers, and bystanders, notice of them.

mod attacks;
mod dns_faults;
mod ejections;
mod failover;
mod guards;
mod kills;
mod overload;
mod rollouts;
mod tls;

use super::plan::{Measured, Plan, Run, Wanted};
use super::{Bound, Unit};

const fn wanted(name: &'static str, unit: Unit, bound: Bound) -> Wanted {
    Wanted { name, unit, bound }
}

pub(super) const PLANS: &[Plan] = &[
    Plan {
        wanted: &[wanted("rollout_server_failed", Unit::Calls, Bound::Exactly(0.0))],
        run: Run::One(rollouts::servers),
    },
    Plan {
        wanted: &[wanted("rollout_envoy_failed", Unit::Calls, Bound::Exactly(0.0))],
        run: Run::One(rollouts::envoys),
    },
    Plan { wanted: &[wanted("scale_failed", Unit::Calls, Bound::Exactly(0.0))], run: Run::One(rollouts::scale) },
    Plan {
        wanted: &[wanted("new_server_first_call", Unit::Seconds, Bound::AtMost(2.0))],
        run: Run::One(rollouts::new_server),
    },
    Plan {
        wanted: &[
            wanted("kill_read_failed", Unit::Calls, Bound::Exactly(0.0)),
            wanted("kill_create_id_failed", Unit::Calls, Bound::Exactly(0.0)),
            wanted("kill_doubled", Unit::Customers, Bound::Exactly(0.0)),
            wanted("kill_lost", Unit::Customers, Bound::Exactly(0.0)),
        ],
        run: Run::All(kills::measure),
    },
    Plan {
        wanted: &[
            wanted("hung_ejected", Unit::Seconds, Bound::AtMost(3.0)),
            wanted("hung_p99_outside", Unit::Times, Bound::Information),
        ],
        run: Run::All(ejections::hung),
    },
    Plan { wanted: &[wanted("slow_ejected", Unit::Seconds, Bound::AtMost(10.0))], run: Run::One(ejections::slow) },
    Plan {
        wanted: &[wanted("failing_ejected", Unit::Seconds, Bound::AtMost(10.0))],
        run: Run::One(ejections::failing),
    },
    Plan { wanted: &[wanted("dns_failed", Unit::Calls, Bound::Exactly(0.0))], run: Run::One(dns_faults::failed) },
    Plan {
        wanted: &[
            wanted("overload_goodput", Unit::Percent, Bound::AtLeast(90.0)),
            wanted("overload_refusal_p99", Unit::Milliseconds, Bound::AtMost(50.0)),
            wanted("overload_recovery", Unit::Seconds, Bound::AtMost(2.0)),
        ],
        run: Run::All(overload::measure),
    },
    Plan {
        wanted: &[
            wanted("failover_lost", Unit::Customers, Bound::Exactly(0.0)),
            wanted("failover_doubled", Unit::Customers, Bound::Exactly(0.0)),
            wanted("failover_writes_again", Unit::Seconds, Bound::AtMost(10.0)),
        ],
        run: Run::All(failover::measure),
    },
    Plan { wanted: &[wanted("guards_proven", Unit::Percent, Bound::Exactly(100.0))], run: Run::One(guards::proven) },
    Plan {
        wanted: &[
            wanted("attacks_bystander_failed", Unit::Calls, Bound::Exactly(0.0)),
            wanted("attacks_bystander_p99", Unit::Times, Bound::AtMost(2.0)),
            wanted("attacks_server_rss", Unit::Megabytes, Bound::AtMost(32.0)),
            wanted("gzip_bomb_rss", Unit::Megabytes, Bound::AtMost(8.0)),
        ],
        run: Run::All(attacks::measure),
    },
    Plan {
        wanted: &[wanted("tls_reload_failed", Unit::Calls, Bound::Exactly(0.0))],
        run: Run::One(tls::reload_failed),
    },
];
