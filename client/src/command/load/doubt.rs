//! What makes a run's figures doubtful, each with what would help.

use std::fmt;
use std::time::Duration;

use ticketing_client::{Code, TlsFault};

use super::recorder::UNNAMED;
use super::run::{Run, one_load};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Doubt {
    /// This client did not keep its schedule, whatever else may have held its calls back.
    Late { p99: Duration, most: Duration },
    /// Too many calls were without an answer for so many of all to start in time.
    HeldBack { calls: u64, of: u64 },
    /// The name that is called stands for so many servers, and one pod answered all calls.
    OnePod { servers: usize },
    /// Too few answers for a percentile of thousands.
    Few { answers: u64 },
    /// All calls failed without reaching anybody.
    NoneAnswered,
    /// All calls were answered with a refusal.
    AllRefused,
    /// All calls failed, for this reason.
    Encryption(TlsFault),
    /// So much of all calls failed, in percent, which percentiles of answers leave out.
    LeftOut { failed_percent: f64 },
    /// Runs that are no repetitions of each other.
    SeveralLoads,
    /// Runs of several clients, which a merged run takes for one after the other.
    AtTheSameTime,
}

/// A call that starts later than this is late: a timer on a busy machine may take half of it.
const LATE: Duration = Duration::from_millis(2);
/// The p99 is the tenth worst of so many.
pub(super) const ENOUGH: u64 = 1000;

/// Of all calls, in percent, that may have failed where a percentile is to say something: a tenth of those above it. Had they
/// been answered, they might have been the slowest.
pub(super) fn most_failed(quantile: f64) -> f64 {
    (1.0 - quantile) * 100.0 / 10.0
}

/// What speaks against the figures of `run`, which is all of `runs` as one.
pub(crate) fn doubts(runs: &[Run], run: &Run) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    if !one_load(runs) {
        doubts.push(Doubt::SeveralLoads);
    }
    if at_the_same_time(runs) {
        doubts.push(Doubt::AtTheSameTime);
    }
    if run.ok() > 0 && run.failed_percent() > most_failed(0.99) {
        doubts.push(Doubt::LeftOut { failed_percent: run.failed_percent() });
    }
    // Where a file does not tell them apart, calls that were held back are late too.
    let own = run.own_lateness.as_ref().or(run.lateness.as_ref().filter(|_| run.held_back == 0));
    if let Some(own) = own.filter(|own| own.at(0.99) > LATE) {
        doubts.push(Doubt::Late { p99: own.at(0.99), most: own.max() });
    }
    if run.held_back > 0 {
        doubts.push(Doubt::HeldBack { calls: run.held_back, of: run.calls() });
    }
    match (run.ok(), run.failed()) {
        (0, 0) | (ENOUGH.., _) => {}
        (0, _) if reached_nobody(run) => doubts.push(Doubt::NoneAnswered),
        (0, _) => doubts.push(Doubt::AllRefused),
        (answers, _) => doubts.push(Doubt::Few { answers }),
    }
    doubts
}

/// Whether two runs have a moment in common. Their beginnings are known to the second.
fn at_the_same_time(runs: &[Run]) -> bool {
    let span = |run: &Run| {
        let began = humantime::parse_rfc3339(&run.started).ok()?;
        let lasted = Duration::try_from_secs_f64(run.warmup_seconds + run.seconds - 1.0).unwrap_or_default();
        Some((began, began.checked_add(lasted)?))
    };
    let mut spans: Vec<_> = runs.iter().filter_map(span).collect();
    spans.sort_unstable();
    spans.windows(2).any(|pair| pair[1].0 < pair[0].1)
}

/// Whether there is one pod, by its name, that answered all calls.
pub(crate) fn one_pod_answered(run: &Run) -> bool {
    run.pods.len() == 1 && !run.pods.contains_key(UNNAMED)
}

/// Whether a load reached nobody, so that its encryption may be why.
pub(crate) fn reached_nobody(run: &Run) -> bool {
    let silent = [Code::Unavailable, Code::DeadlineExceeded].map(Code::name);
    run.ok() == 0 && run.failed() > 0 && run.failures.keys().all(|code| silent.contains(&code.as_str()))
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: &Duration| time.as_secs_f64() * 1e3;
        match self {
            Self::Late { p99, most } => write!(
                f,
                "this client did not keep its schedule: for reasons of its own 1 in 100 calls started {:.1} ms late or more, \
                 the last of them {:.1} ms; the latencies count that; offer less, or run it on several machines",
                ms(p99),
                ms(most)
            ),
            Self::HeldBack { calls, of } => write!(
                f,
                "{calls} of {of} calls started late since they, or those before them, had to wait until others were answered; \
                 latencies count that; the server was slower than the rate: offer less, or raise --max-in-flight"
            ),
            Self::OnePod { servers } => write!(
                f,
                "one pod answered all calls, though the name has {servers} addresses: a connection goes to the \
                 first that answers and stays there; if they are pods, an Envoy before them spreads all calls (envoy.yaml), and \
                 `ticketing-client doctor` shows how calls spread"
            ),
            Self::Few { answers } => {
                write!(f, "a p99 of {answers} answers says little: let it run longer, or repeat it (--runs)")
            }
            Self::LeftOut { failed_percent } => write!(
                f,
                "{failed_percent:.1} % of all calls failed and are in no percentile but that of failed calls: had they been \
                 answered, they might have been the slowest"
            ),
            Self::Encryption(fault) => write!(f, "no call went well: {fault}; {}", fault.advice()),
            Self::NoneAnswered => f.write_str("no call went well: `ticketing-client doctor` looks for the cause"),
            Self::AllRefused => f.write_str("no call went well, though there were answers: the errors above say why"),
            Self::SeveralLoads => f.write_str(
                "not all of these runs were offered the same load, warm-up and TLS included, and their figures are mixed; \
                 merge runs of one load",
            ),
            Self::AtTheSameTime => f.write_str(
                "some of these runs were made at the same time, and calls/s are those of one after the other: add up the \
                 calls/s of each",
            ),
        }
    }
}
