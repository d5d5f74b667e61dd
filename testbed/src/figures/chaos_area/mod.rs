//! The figures of rollouts, faults, attacks and certificates: what callers, and bystanders, notice of them.

mod tls;

use super::plan::{Measured, Plan, Run, Wanted};
use super::{Bound, Unit};

pub(super) const PLANS: &[Plan] = &[Plan {
    wanted: &[Wanted { name: "tls_reload_failed", unit: Unit::Calls, bound: Bound::Exactly(0.0) }],
    run: Run::One(tls::reload_failed),
}];
