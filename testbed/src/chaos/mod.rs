//! Callers that go on while something is done to the service, and what they saw of it.
//!
//! [`Callers`] mix every kind of call; [`Callers::during`] tells the calls of an event from those of the quiet around it;
//! what comes of all is [`Witnessed`]: calls, failures by kind and code, latency, and a history that is held against the
//! service's promises.

mod caller;
mod callers;
mod calls;
mod crew;
mod witnessed;

pub use callers::Callers;
pub use calls::Calls;
pub use crew::{Attempts, Crew, Kind};
pub use witnessed::Witnessed;
