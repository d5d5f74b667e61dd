//! Attacks on Envoy, and on servers where only Envoy may reach them: each is done by a process of its own ([`Attacker`]),
//! which counts what it gets, beside a bystander who must not suffer.

mod bystander;
mod connection;
mod frames;
mod got;
mod ground;
mod kinds;
mod page;
mod program;
mod room;
mod running;
mod status;
mod tried;

pub(crate) use bystander::LASTING;
use got::Got;
pub(crate) use ground::{Ground, Way};
pub(crate) use kinds::{ATTACKS, Attack};
pub use program::Attacker;
pub use room::Attacks;
use running::Running;
pub(crate) use tried::Tried;

/// What `testbed attack` and `testbed attacks` know, in the order in which they are tried.
pub fn names() -> impl Iterator<Item = &'static str> {
    ATTACKS.iter().map(|attack| attack.name)
}
