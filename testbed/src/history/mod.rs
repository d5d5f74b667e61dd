//! The history checker: callers say what they intend before each call and what came of it after, and at the end every
//! promise of the service is held against what they saw.
//!
//! [`Drive`] makes callers and gives the [`History`] of their calls; [`History::conclude`] resolves what stayed
//! unknown and reads everything once more; [`check`] compares, and touches nothing. [`Scenario`] does all of it while
//! servers and database are killed.

mod caller;
mod check;
mod conclude;
mod drive;
mod facts;
mod intent;
mod record;
mod scenario;
mod verdict;

pub use check::check;
pub use conclude::Concluded;
pub use drive::{Crew, Drive};
pub use intent::Intent;
pub(crate) use record::Recorder;
pub use record::{Create, Get, History, Outcome, Seen, Walk};
pub use scenario::{Run, Scenario, Store};
pub use verdict::{Finding, Verdict};
