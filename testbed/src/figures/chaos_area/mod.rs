//! The figures of rollouts, faults, attacks and certificates: what callers, and bystanders, notice of them.

use super::plan::Plan;

pub(super) const PLANS: &[Plan] = &[];
