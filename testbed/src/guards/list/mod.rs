//! The list.

mod code;
mod listeners;
mod overlays;
mod servers;

use super::{Guard, Out, Test};

/// All guards, in the order of SECURITY.md.
pub fn all() -> Vec<Guard> {
    [listeners::GUARDS, servers::GUARDS, overlays::GUARDS, code::GUARDS].concat()
}

const fn envoy(line: &'static str, out: Out, holds: &'static str, against: &'static str, test: Test) -> Guard {
    Guard { holds, against, file: "envoy.yaml", line, out, test }
}
