//! How many pods answer, on one connection and on new ones.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use ticketing_client::{Answer, CallError, Channel, Customers};

use super::clock::{Clocks, Seen};
use super::failed;
use super::finding::Finding;
use super::reach::first;
use crate::args::Settings;
use crate::command::counted;
use crate::exit::Failure;

/// Enough that two pods are missed only once in 10^15 where each call is answered by one of them by chance.
const CALLS: u64 = 50;
/// After so many failures before any answer the rest would fail too; and after so many in a row, where there was one.
const PATIENCE: u64 = 3;
const PATIENCE_IN_A_ROW: u64 = 10;
/// For all calls on new connections: a few tell as much where each is kept waiting.
const NEW_WITHIN: Duration = Duration::from_secs(10);
/// From a call on a new connection to its answer: far more than a handshake takes, and less than an address that does not answer.
const SLOW: Duration = Duration::from_secs(1);
/// So many are no accident.
const SLOW_ONES: u64 = 3;

/// Answered calls by pod, and what went wrong.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) pods: BTreeMap<String, u64>,
    versions: BTreeSet<String>,
    clocks: Clocks,
    /// Of those that were answered.
    slow: u64,
    failed: u64,
    failed_in_a_row: u64,
    pub(super) last_error: Option<CallError>,
}

impl Answers {
    pub(super) async fn probe(&mut self, customers: &Customers) {
        let (sent, begun) = (SystemTime::now(), Instant::now());
        let identity = customers.get("").await;
        let received = SystemTime::now();
        match identity {
            Ok(Answer { value, server_version, server_time, .. }) => {
                if let Some(said) = server_time {
                    self.clocks.add(&value.id, Seen { sent, said, received });
                }
                *self.pods.entry(value.id).or_default() += 1;
                self.slow += u64::from(begun.elapsed() >= SLOW);
                self.failed_in_a_row = 0;
                self.versions.extend(server_version);
            }
            Err(error) => {
                self.failed += 1;
                self.failed_in_a_row += 1;
                self.last_error = Some(error);
            }
        }
    }

    fn is_hopeless(&self) -> bool {
        self.failed >= PATIENCE && self.pods.is_empty() || self.failed_in_a_row >= PATIENCE_IN_A_ROW
    }

    fn answered(&self) -> u64 {
        self.pods.values().sum()
    }

    /// Whether someone answers here who does not answer there.
    fn has_other_pods_than(&self, there: &Self) -> bool {
        self.pods.keys().any(|pod| !there.pods.contains_key(pod))
    }

    fn told(&self) -> String {
        let shares = first(self.pods.iter().map(|(pod, calls)| format!("{pod} {calls}")), 8);
        let end = if self.failed + self.answered() < CALLS && !self.is_hopeless() {
            "; there was no time for more"
        } else {
            ""
        };
        let (answered, were) = (self.answered(), if self.answered() == 1 { "was" } else { "were" });
        format!("{} {were} answered by {}: {shares}{end}", counted(answered, "call", "calls"), pods(self.pods.len()))
    }

    fn fault(&self, check: &'static str) -> Option<Finding> {
        let error = self.last_error.as_ref()?;
        let next = failed::next(error);
        let end = if self.is_hopeless() { ", and no more were made" } else { "" };
        let made = self.failed + self.answered();
        let made = counted(made, "call", "calls");
        let others = if self.answered() > 0 { format!("; {}", self.told()) } else { String::new() };
        let found = format!("{} of {made} failed{end}; the last: {}{others}", self.failed, failed::found(error));
        Some(Finding::fault(check, found, next))
    }
}

pub(super) fn pods(count: usize) -> String {
    counted(count as u64, "pod", "pods")
}

/// What the same calls tell.
pub(super) struct Spread {
    pub(super) findings: [Finding; 2],
    pub(super) any_answered: bool,
    /// The versions of the servers that answered and said so.
    pub(super) versions: BTreeSet<String>,
    /// The clocks of the servers that answered and told the time.
    pub(super) clocks: Clocks,
}

impl Spread {
    /// What calls told that were made for another check.
    pub(super) fn and(self, others: impl IntoIterator<Item = Answers>) -> Self {
        others.into_iter().fold(self, |all, more| Self {
            versions: all.versions.into_iter().chain(more.versions).collect(),
            clocks: all.clocks.and(more.clocks),
            ..all
        })
    }
}

/// Both checks, since one connection can only be judged beside new ones, and beside the number of pods that are `known` to be there.
pub(super) async fn check(settings: &Settings, one: &Channel, known: usize) -> Result<Spread, Failure> {
    const ONE: &str = "one connection";
    const NEW: &str = "new connections";
    let mut on_one = Answers::default();
    let customers = one.customers();
    for _ in 0..CALLS {
        on_one.probe(&customers).await;
        if on_one.is_hopeless() {
            let fault = on_one.fault(ONE).expect("calls failed");
            let skipped = Finding::skipped(NEW, "calls fail on one connection already", Some(super::MEND));
            return Ok(Spread {
                findings: [fault, skipped],
                any_answered: !on_one.pods.is_empty(),
                versions: on_one.versions,
                clocks: on_one.clocks,
            });
        }
    }
    let mut on_new = Answers::default();
    let begun = Instant::now();
    for _ in 0..CALLS {
        on_new.probe(&settings.channel()?.customers()).await;
        if on_new.is_hopeless() || begun.elapsed() >= NEW_WITHIN {
            break;
        }
    }
    let elsewhere = if on_new.pods.len() == 1 { "another pod".to_owned() } else { pods(on_new.pods.len()) };
    let one_finding = on_one.fault(ONE).unwrap_or_else(|| match on_one.pods.len() {
        2.. => Finding::ok(ONE, on_one.told()),
        _ if on_new.has_other_pods_than(&on_one) => Finding::warning(
            ONE,
            format!("{}, while new connections reach {elsewhere}", on_one.told()),
            "something before the pods chooses one for a whole connection: put Envoy there, which chooses for each call \
             (envoy.yaml), or call on several connections",
        ),
        _ if known > 1 => Finding::warning(
            ONE,
            format!("{}, though {known} are there", on_one.told()),
            "a connection goes to one of the addresses and stays there: put Envoy before them (envoy.yaml), or call by the \
             library's Policy::RoundRobin",
        ),
        _ => Finding::warning(
            ONE,
            on_one.told(),
            "where one pod is all that there should be, nothing is wrong; else look for the others and whether they \
             are ready (`kubectl get pods`)",
        ),
    });
    // Where but one pod answers, the line before this one has said so.
    let new_finding = on_new.fault(NEW).unwrap_or_else(|| match (on_new.pods.len(), on_one.pods.len()) {
        _ if on_new.slow >= SLOW_ONES => Finding::warning(
            NEW,
            format!("{}; {} took {SLOW:?} and more", on_new.told(), on_new.slow),
            "new connections are kept waiting: by an address that does not answer, which a line above names, by the resolver, or \
             by what stands before the servers",
        ),
        (1, 2..) => Finding::ok(NEW, format!("{}; calls on one connection spread", on_new.told())),
        (1, _) if known > 1 => Finding::warning(
            NEW,
            format!("{}, though {known} are there", on_new.told()),
            "each connection takes the first address that answers: as above",
        ),
        _ => Finding::ok(NEW, on_new.told()),
    });
    let versions = on_one.versions.into_iter().chain(on_new.versions).collect();
    let clocks = on_one.clocks.and(on_new.clocks);
    Ok(Spread { findings: [one_finding, new_finding], any_answered: true, versions, clocks })
}
