//! Attacks on Envoy, and on servers where only Envoy may reach them: each is done by a process of its own ([`Attacker`]),
//! which counts what it gets, beside a bystander who must not suffer.

mod connection;
mod frames;
mod got;
mod kinds;
mod page;
mod program;
mod room;
mod running;
mod status;
mod trial;

use got::Got;
pub(crate) use kinds::{ATTACKS, Attack};
pub use program::Attacker;
pub use room::Attacks;
use running::Running;
pub(crate) use trial::{Ground, LASTING, Tried, Way};
