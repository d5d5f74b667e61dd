//! Which way does best in each column of the table, and why this project's Envoy does not where it does not.

use super::findings::{Cell, Findings, Outcome, Round};
use super::{Event, Way, explanations};
use crate::BedError;
use crate::figures::median;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Spread,
    NewPod,
    Leave,
    Kill,
    Roll,
    Replace,
    Cpu,
}

/// Less is better; the second counts where the first is equal.
type Worth = (f64, f64);

/// What machines of one kind differ by from round to round.
const CPU_TIE: f64 = 0.05;
/// Of all calls.
const SHARE_TIE: f64 = 0.01;
/// In seconds: where in its period a clock stood.
const ARRIVAL_TIE: f64 = 0.25;

impl Column {
    pub(super) const ALL: [Self; 7] =
        [Self::Spread, Self::NewPod, Self::Leave, Self::Kill, Self::Roll, Self::Replace, Self::Cpu];

    pub(super) const fn event(self) -> Event {
        match self {
            Self::Spread | Self::Cpu => Event::Steady,
            Self::NewPod => Event::NewPod,
            Self::Leave => Event::Leave,
            Self::Kill => Event::Kill,
            Self::Roll => Event::Roll,
            Self::Replace => Event::Replace,
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Spread => "busiest of 4 pods (max − min of all calls)",
            Self::NewPod => "first call on a new pod",
            Self::Leave => "2 pods leave in order",
            Self::Kill => "a pod is killed, twice",
            Self::Roll => "rolling restart",
            Self::Replace => "Envoy or L4 state replaced, 3 times",
            Self::Cpu => "CPU-µs of a call: client + proxy + servers",
        }
    }

    /// None where there is nothing to compare.
    pub(super) fn worth(self, outcome: &Outcome) -> Option<Worth> {
        match (self, outcome) {
            (Self::Spread, Outcome::Steady { rounds }) => Some((share(rounds), 0.0)),
            (Self::Cpu, Outcome::Steady { rounds }) => Some((cpu(rounds).iter().sum(), 0.0)),
            (_, Outcome::Arrival { seconds, .. }) => {
                let slowest = seconds.iter().map(|seconds| seconds.unwrap_or(f64::INFINITY)).fold(0.0, f64::max);
                Some((slowest, 0.0))
            }
            (_, Outcome::Calls(totals)) => Some((totals.failed as f64, totals.again as f64)),
            _ => None,
        }
    }

    /// Whether `one` beats `other` by more than chance.
    pub(super) fn beats(self, one: Worth, other: Worth) -> bool {
        match self {
            Self::Spread => one.0 + SHARE_TIE < other.0,
            Self::NewPod => one.0 + ARRIVAL_TIE < other.0,
            Self::Cpu => one.0 * (1.0 + CPU_TIE) < other.0,
            Self::Leave | Self::Kill | Self::Roll | Self::Replace => one < other,
        }
    }

    /// Whether no other way beats this one.
    pub(super) fn is_best(self, findings: &Findings, way: Way) -> bool {
        let worth = |way| findings.of(way, self.event()).and_then(|cell| self.worth(&cell.outcome));
        worth(way).is_some_and(|ours| Way::ALL.into_iter().filter_map(worth).all(|theirs| !self.beats(theirs, ours)))
    }
}

/// The share of the calls that the busiest pod had, from 0 to 1.
pub(super) fn share(rounds: &[Round]) -> f64 {
    median_of(rounds, |round| round.most() as f64 / round.calls().max(1) as f64)
}

/// CPU of client, proxy and servers for a call, over all rounds.
pub(super) fn cpu(rounds: &[Round]) -> [f64; 3] {
    let calls: u64 = rounds.iter().map(Round::calls).sum();
    let parts: [fn(&Round) -> f64; 3] = [|round| round.client_us, |round| round.proxy_us, |round| round.servers_us];
    parts.map(|part| rounds.iter().map(part).sum::<f64>() / calls.max(1) as f64)
}

/// Where the CPU goes that another way does without.
fn difference(findings: &Findings, better: Way) -> String {
    let parts = |way| match findings.of(way, Event::Steady).map(|cell| &cell.outcome) {
        Some(Outcome::Steady { rounds }) => cpu(rounds),
        _ => [0.0; 3],
    };
    let (ours, theirs) = (parts(Way::Envoy), parts(better));
    let [client, proxy, servers] = [0, 1, 2].map(|part| ours[part] - theirs[part]);
    let all = client + proxy + servers;
    format!(
        "Of {all:.0} CPU-µs more, {proxy:.0} are the proxy's, {servers:.0} the servers' and {client:.0} the client's."
    )
}

pub(super) fn median_of(rounds: &[Round], value: impl Fn(&Round) -> f64) -> f64 {
    median(&rounds.iter().map(value).collect::<Vec<_>>())
}

/// A way that does better than this project's Envoy, and why.
#[derive(Debug)]
pub(super) struct Shortfall {
    pub(super) column: Column,
    pub(super) better: Way,
    pub(super) why: String,
}

/// Every one of them. Fails where one has no explanation: a page must not keep quiet about it.
pub(super) fn shortfalls(findings: &Findings) -> Result<Vec<Shortfall>, BedError> {
    let mut all = Vec::new();
    for column in Column::ALL {
        let worth = |way| findings.of(way, column.event()).and_then(|cell: &Cell| column.worth(&cell.outcome));
        let Some(ours) = worth(Way::Envoy) else { continue };
        for better in Way::ALL {
            if !worth(better).is_some_and(|theirs| column.beats(theirs, ours)) {
                continue;
            }
            let why = explanations::why(column, better).ok_or_else(|| {
                BedError::Unexpected(format!(
                    "{} does better than this project's Envoy in “{}”, and nothing says why: find out, then write it into \
                     testbed/src/balance/explanations.rs and run `target/release/testbed balance --from {}`",
                    better.name(),
                    column.title(),
                    super::KEPT
                ))
            })?;
            let why = match column {
                Column::Cpu => format!("{} {why}", difference(findings, better)),
                _ => why.to_owned(),
            };
            all.push(Shortfall { column, better, why });
        }
    }
    Ok(all)
}
