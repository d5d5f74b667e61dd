//! Pictures of the findings.

use super::findings::{Findings, Outcome};
use super::verdict::{self, Column};
use super::{Event, Way};
use crate::page::{Bars, Row};

/// Each under its name.
pub(super) fn all(findings: &Findings) -> [(&'static str, Bars); 3] {
    [("spread", spread(findings)), ("failures", failures(findings)), ("cpu", cpu(findings))]
}

fn bars(title: &str, panels: &[&str], values: impl Fn(Way) -> Vec<Option<f64>>) -> Bars {
    let row = |way: Way| Row { name: way.title().to_owned(), ours: way == Way::Envoy, values: values(way) };
    Bars {
        title: title.to_owned(),
        panels: panels.iter().map(|panel| (*panel).to_owned()).collect(),
        rows: Way::ALL.map(row).into(),
    }
}

fn outcome(findings: &Findings, way: Way, event: Event) -> Option<&Outcome> {
    findings.of(way, event).map(|cell| &cell.outcome)
}

fn spread(findings: &Findings) -> Bars {
    bars(
        "Where calls go (less is better; no bar: not all new pods had a call)",
        &["% of calls, busiest of 4", "s until all new pods"],
        |way| {
            let busiest = match outcome(findings, way, Event::Steady) {
                Some(Outcome::Steady { rounds }) => Some(verdict::share(rounds) * 100.0),
                _ => None,
            };
            let arrival = outcome(findings, way, Event::NewPod).and_then(|outcome| Column::NewPod.worth(outcome));
            vec![busiest, arrival.map(|worth| worth.0).filter(|seconds| seconds.is_finite())]
        },
    )
}

/// Attempts that failed, whether or not the caller then got its answer by another one.
fn failures(findings: &Findings) -> Bars {
    let events = [Event::Leave, Event::Kill, Event::Roll, Event::Replace];
    let panels = ["2 pods leave", "a pod is killed, 2×", "rolling restart", "Envoy or L4 replaced, 3×"];
    bars("Failed attempts of callers: failed calls, and those sent again (less is better)", &panels, |way| {
        let failed = |event| match outcome(findings, way, event) {
            Some(Outcome::Calls(totals)) => Some((totals.failed + totals.again) as f64),
            _ => None,
        };
        events.map(failed).into()
    })
}

fn cpu(findings: &Findings) -> Bars {
    let panels = ["client", "proxy", "servers", "all"];
    bars("CPU-µs of one call (less is better)", &panels, |way| match outcome(findings, way, Event::Steady) {
        Some(Outcome::Steady { rounds }) => {
            let parts = verdict::cpu(rounds);
            parts.into_iter().chain([parts.iter().sum()]).map(Some).collect()
        }
        _ => Vec::new(),
    })
}
