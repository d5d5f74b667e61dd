//! What callers saw, and how it gets from their process to ours: a line of JSON for each pod's first answer, and one at the
//! end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use ticketing_client::{CallError, DEFAULT_DEADLINE};

use crate::balance::findings::Totals;

/// Milliseconds. Calls are counted by the tick in which they ended.
pub(super) const TICK: u64 = 10;

/// For the end of a call whose deadline has come, on a busy machine.
const GRACE: Duration = Duration::from_millis(500);

/// A line of the callers' output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// A pod has answered for the first time.
    First {
        pod: String,
        unix_ms: u64,
    },
    End(Report),
}

/// All calls.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Calls that succeeded, by tick and pod.
    ticks: BTreeMap<u64, BTreeMap<String, u64>>,
    totals: Totals,
    /// Calls that succeeded, by how long they took, to a tenth of a millisecond.
    lasted: BTreeMap<u64, u64>,
    last_failure: Option<u64>,
}

impl Report {
    /// Calls by pod that ended between two moments, each in milliseconds since 1970.
    pub(crate) fn between(&self, begin: u64, end: u64) -> BTreeMap<String, u64> {
        let mut pods = BTreeMap::new();
        for (pod, calls) in self.ticks.range(begin / TICK..end / TICK).flat_map(|(_, pods)| pods) {
            *pods.entry(pod.clone()).or_default() += calls;
        }
        pods
    }

    /// When the first call after a moment succeeded, both in milliseconds since 1970; to a tick.
    pub(crate) fn first_after(&self, moment: u64) -> Option<u64> {
        self.ticks.range(moment / TICK..).next().map(|(tick, _)| tick * TICK)
    }

    /// Pods that have answered.
    pub(crate) fn pods(&self) -> usize {
        let all: BTreeSet<&String> = self.ticks.values().flat_map(BTreeMap::keys).collect();
        all.len()
    }

    /// When the last call failed, in milliseconds since 1970.
    pub(crate) fn last_failure(&self) -> Option<u64> {
        self.last_failure
    }

    /// Milliseconds that 99 of 100 calls that succeeded did not exceed.
    pub(crate) fn p99_ms(&self) -> f64 {
        let mut left = self.lasted.values().sum::<u64>() / 100;
        for (tenths, calls) in self.lasted.iter().rev() {
            match left.checked_sub(*calls) {
                Some(rest) => left = rest,
                None => return *tenths as f64 / 10.0,
            }
        }
        0.0
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals.clone()
    }
}

/// Milliseconds since 1970, the same for all processes of this machine.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Counts calls while they come in.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order of their first answers.
    pods: Vec<String>,
    /// What becomes [`Report::ticks`], by tick and number of the pod: small, since how much this process grows is measured.
    ticks: BTreeMap<(u64, usize), u64>,
    report: Report,
}

impl Recorder {
    /// Counts one call that took so many attempts.
    pub(super) fn count(
        &self,
        outcome: Result<Option<String>, CallError>,
        attempts: u64,
        lasted: Duration,
    ) -> io::Result<()> {
        let now = now();
        let mut state = self.state();
        if outcome.is_err() {
            state.report.last_failure = Some(now);
        }
        let totals = &mut state.report.totals;
        totals.calls += 1;
        totals.again += attempts.saturating_sub(1);
        totals.slowest_ms = totals.slowest_ms.max(u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX));
        totals.late += u64::from(lasted > DEFAULT_DEADLINE + GRACE);
        match outcome {
            Err(error) => {
                totals.failed += 1;
                *totals.causes.entry(error.code.to_string()).or_default() += 1;
                totals.first_failure.get_or_insert_with(|| error.to_string());
                Ok(())
            }
            Ok(pod) => {
                let pod = pod.unwrap_or_else(|| "unnamed".to_owned());
                let tenths = u64::try_from(lasted.as_micros().div_ceil(100)).unwrap_or(u64::MAX);
                *state.report.lasted.entry(tenths).or_default() += 1;
                let known = state.pods.iter().position(|known| *known == pod);
                let number = known.unwrap_or(state.pods.len());
                *state.ticks.entry((now / TICK, number)).or_default() += 1;
                if known.is_some() {
                    return Ok(());
                }
                state.pods.push(pod.clone());
                drop(state);
                print(&Line::First { pod, unix_ms: now })
            }
        }
    }

    pub(super) fn end(&self) -> io::Result<()> {
        let State { pods, ticks, mut report } = std::mem::take(&mut *self.state());
        for ((tick, number), calls) in ticks {
            report.ticks.entry(tick).or_default().insert(pods[number].clone(), calls);
        }
        print(&Line::End(report))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn print(line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
