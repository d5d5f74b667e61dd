//! One call of each kind at each address of a name: a connection goes to one of them, and tells nothing about the others.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use futures::future::{join, join_all};
use ticketing_client::{CallError, Serving};

use super::failed;
use super::finding::Finding;
use super::reach::first;
use super::spread::{Answers, pods};
use crate::args::Settings;
use crate::exit::Failure;

const CHECK: &str = "each address";

/// What was answered at one of them.
pub(super) struct Asked {
    pub(super) address: SocketAddr,
    pub(super) health: Result<Serving, CallError>,
    /// Of one call.
    pub(super) answers: Answers,
}

impl Asked {
    pub(super) fn has_answered(&self) -> bool {
        self.pod().is_some()
    }

    fn pod(&self) -> Option<&str> {
        self.answers.pods.keys().next().map(String::as_str)
    }
}

/// Asks at all of them at a time.
pub(super) async fn ask(settings: &Settings, open: &[SocketAddr]) -> Result<Vec<Asked>, Failure> {
    let channels = open.iter().map(|address| settings.channel_at(*address)).collect::<Result<Vec<_>, _>>()?;
    let asked = open.iter().zip(&channels).map(|(address, channel)| async {
        let (customers, mut answers) = (channel.customers(), Answers::default());
        let (health, ()) = join(channel.health(""), answers.probe(&customers)).await;
        Asked { address: *address, health, answers }
    });
    Ok(join_all(asked).await)
}

/// How many pods are behind the addresses: one may have several, such as one of each family.
pub(super) fn pods_of(asked: &[Asked]) -> usize {
    asked.iter().filter_map(Asked::pod).collect::<BTreeSet<_>>().len()
}

/// Nothing where there is but one address, which the next checks call; `left_out` are those at which no call could be tried.
pub(super) fn judged(asked: &[Asked], left_out: usize) -> Option<Finding> {
    let failed = |asked: &Asked| Some((asked.address, asked.answers.last_error.clone()?));
    let (failures, count): (Vec<_>, _) = (asked.iter().filter_map(failed).collect(), asked.len());
    let named: Vec<_> = asked.iter().filter_map(|asked| Some(format!("{} {}", asked.address, asked.pod()?))).collect();
    match failures.first() {
        _ if count + left_out == 1 => None,
        // The next checks say so.
        Some(_) if count == 1 => None,
        None => {
            let others = if left_out > 0 { format!("; {left_out} more cannot be called") } else { String::new() };
            Some(Finding::ok(CHECK, format!("{}: {}{others}", pods(pods_of(asked)), first(named.into_iter(), 8))))
        }
        Some((address, error)) => {
            let found = format!("{} of {count} fail, such as {address}: {}", failures.len(), failed::found(error));
            Some(if failures.len() == count {
                Finding::fault(CHECK, found, "look at the servers' logs")
            } else {
                Finding::warning(CHECK, found, "calls that go there fail: look at the pod of that address")
            })
        }
    }
}
