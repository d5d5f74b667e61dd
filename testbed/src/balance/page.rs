//! docs/balancing.md: its measured parts and pictures, from findings.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::findings::{Cell, Findings, Outcome, Totals};
use super::verdict::{self, Column, Shortfall};
use super::{Event, Way, plots};
use crate::page::{self, Page, named, number, table};
use crate::{BedError, binaries};

pub(super) const JSON: &str = "docs/balancing.json";
const PAGE: &str = "docs/balancing.md";

/// Writes page, pictures and `docs/balancing.json`. Refuses findings with a hole, and those that lack an explanation.
pub(super) fn write(findings: &Findings) -> Result<(), BedError> {
    drawn(findings)?.iter().try_for_each(|(path, text)| page::write(path, text))
}

/// Every file that is made of the findings, with its content.
fn drawn(findings: &Findings) -> Result<Vec<(PathBuf, String)>, BedError> {
    whole(findings)?;
    let shortfalls = verdict::shortfalls(findings)?;
    let mut page = Page::open(PAGE)?;
    page.fill("ways", &ways(findings))?;
    page.fill("not the best", &explanations(&shortfalls))?;
    page.fill("commands", &commands(findings))?;
    let mut files = vec![(PathBuf::from(JSON), page::json(findings)), (PathBuf::from(PAGE), page.text())];
    for (name, bars) in plots::all(findings) {
        files.push((PathBuf::from(format!("docs/balancing/{name}.svg")), bars.svg()?));
    }
    Ok(files)
}

/// Each cell is there and was measured.
fn whole(findings: &Findings) -> Result<(), BedError> {
    for way in Way::ALL {
        for event in Event::ALL {
            let reason = match findings.of(way, event).map(|cell| &cell.outcome) {
                Some(Outcome::Unmeasured { reason }) => reason.as_str(),
                Some(_) => continue,
                None => "it is not among the findings",
            };
            let text = format!("{} under {} was not measured: {reason}", way.name(), event.name());
            return Err(BedError::Unexpected(text));
        }
    }
    Ok(())
}

fn ways(findings: &Findings) -> String {
    let Findings { date, cpus, .. } = findings;
    let heads = named("way", Column::ALL.map(|column| column.title().to_owned()));
    let row = |way: Way| {
        let cell = |column: Column| {
            let shown = findings.of(way, column.event()).map_or_else(String::new, |cell| shown(column, &cell.outcome));
            if column.is_best(findings, way) { format!("**{shown}**") } else { shown }
        };
        named(way.title(), Column::ALL.map(cell))
    };
    format!(
        "{}\nMeasured on {date} on {cpus} CPUs that callers, proxies and pods share. Bold is the best of its column, or tied with it.\n",
        table(&heads, &Way::ALL.map(row))
    )
}

fn shown(column: Column, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Steady { rounds } if column == Column::Spread => {
            let difference = verdict::median_of(rounds, |round| (round.most() - round.fewest()) as f64);
            let calls = verdict::median_of(rounds, |round| round.calls() as f64);
            format!("{:.1} % ({difference:.0} of {calls:.0})", verdict::share(rounds) * 100.0)
        }
        Outcome::Steady { rounds } => {
            let parts = verdict::cpu(rounds);
            let [client, proxy, servers] = parts.map(number);
            format!("{} = {client} + {proxy} + {servers}", number(parts.iter().sum()))
        }
        Outcome::Arrival { limit_seconds, seconds, .. } => {
            let came: Vec<f64> = seconds.iter().filter_map(|seconds| *seconds).collect();
            let slowest = came.iter().copied().fold(0.0, f64::max);
            if came.len() == seconds.len() {
                format!("{slowest:.1} s")
            } else {
                format!("{} of {} within {limit_seconds:.0} s", came.len(), seconds.len())
            }
        }
        Outcome::Calls(Totals { failed, again, .. }) => format!("{failed} failed, {again} again"),
        Outcome::NotApplicable { reason } => format!("– ({reason})"),
        Outcome::Unmeasured { .. } => "not measured".to_owned(),
    }
}

fn explanations(shortfalls: &[Shortfall]) -> String {
    if shortfalls.is_empty() {
        return "Nowhere in this run.".to_owned();
    }
    let heads = ["where", "better", "why"].map(str::to_owned);
    let row = |shortfall: &Shortfall| {
        vec![shortfall.column.title().to_owned(), shortfall.better.title().to_owned(), shortfall.why.clone()]
    };
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    // All columns hold words.
    let rows = shortfalls.iter().map(|shortfall| line(&row(shortfall)));
    [line(&heads), "| --- | --- | --- |\n".to_owned()].into_iter().chain(rows).collect()
}

fn commands(findings: &Findings) -> String {
    let mut text = "```\n".to_owned();
    for Cell { command, outcome, version, .. } in &findings.cells {
        let what = if matches!(outcome, Outcome::NotApplicable { .. }) { "  # not applicable" } else { "" };
        let _ = writeln!(text, "{command}{what}  # {version}");
    }
    text + "```"
}

/// Cells of the table that the page shows as measured by this version, and all of its cells. What makes no sense and says so
/// is measured.
pub(crate) fn measured_cells() -> Result<(usize, usize), BedError> {
    let findings: Findings = page::read(Path::new(JSON))?;
    let version = super::findings::version()?;
    let of_this_version = |way: Way, column: Column| {
        findings
            .of(way, column.event())
            .is_some_and(|cell| cell.version == version && !matches!(cell.outcome, Outcome::Unmeasured { .. }))
    };
    let all = Way::ALL.into_iter().flat_map(|way| Column::ALL.map(|column| (way, column)));
    let measured = all.filter(|(way, column)| of_this_version(*way, *column)).count();
    check(&findings)?;
    Ok((measured, Way::ALL.len() * Column::ALL.len()))
}

/// Whether the page is what the findings say.
fn check(findings: &Findings) -> Result<(), BedError> {
    // The findings themselves are what the rest is made of.
    for (path, text) in drawn(findings)?.into_iter().filter(|(path, _)| path != Path::new(JSON)) {
        let there = fs::read_to_string(binaries::repository().join(&path));
        if there.map_err(BedError::io(format!("read {}", path.display())))? != text {
            let text = format!(
                "{} is not what {JSON} says: run `target/release/testbed balance --from {JSON}`",
                path.display()
            );
            return Err(BedError::Unexpected(text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::findings::Round;
    use super::*;

    #[test]
    fn the_page_shows_what_was_measured() {
        check(&page::read(Path::new(JSON)).unwrap()).unwrap();
    }

    /// As measured, but for what one way did.
    fn with(way: Way, event: Event, outcome: Outcome) -> Findings {
        let mut findings: Findings = page::read(Path::new(JSON)).unwrap();
        let cell = findings.cells.iter_mut().find(|cell| (cell.way, cell.event) == (way, event)).unwrap();
        cell.outcome = outcome;
        findings
    }

    #[test]
    fn no_page_is_written_where_another_way_is_better_and_nothing_says_why() {
        let ours = Totals { calls: 1, failed: 1, ..Totals::default() };
        let refused = drawn(&with(Way::Envoy, Event::Roll, Outcome::Calls(ours))).unwrap_err().to_string();
        assert!(refused.contains("better than this project's Envoy in “rolling restart”"), "{refused}");
    }

    #[test]
    fn what_differs_by_chance_only_needs_no_explanation() {
        let round = |most| Round {
            pods: [("a".to_owned(), most), ("b".to_owned(), 1_000)].into(),
            client_us: 1.0,
            proxy_us: 1.0,
            servers_us: 1.0,
        };
        let worth = |most| Column::Spread.worth(&Outcome::Steady { rounds: vec![round(most)] }).unwrap();
        assert!(!Column::Spread.beats(worth(1_000), worth(1_010)));
        assert!(Column::Spread.beats(worth(1_000), worth(1_100)));
    }

    #[test]
    fn no_page_is_written_where_a_cell_was_not_measured() {
        let hole = Outcome::Unmeasured { reason: "no port".to_owned() };
        let refused = drawn(&with(Way::Pool, Event::Kill, hole)).unwrap_err().to_string();
        assert_eq!(refused, "pool under kill was not measured: no port");
    }
}
