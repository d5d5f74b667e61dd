//! docs/reliability.md: its measured parts and its picture, from findings.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::findings::{Findings, JSON, Run, Told};
use crate::BedError;
use crate::page::{self, Bars, Page, Row, number};

const PAGE: &str = "docs/reliability.md";
const PICTURE: &str = "docs/reliability/latency.svg";
const NOT_YET: &str = "Not measured yet.";

/// Writes page, picture and `docs/reliability.json`.
pub(super) fn write(findings: &Findings) -> Result<(), BedError> {
    drawn(findings)?.iter().try_for_each(|(path, text)| page::write(path, text))
}

/// Every file that is made of the findings, with its content.
fn drawn(findings: &Findings) -> Result<Vec<(PathBuf, String)>, BedError> {
    let mut page = Page::open(PAGE)?;
    let part = |run: &Option<Run>, show: &dyn Fn(&Run) -> String| run.as_ref().map_or_else(|| NOT_YET.to_owned(), show);
    let alone = |name: &str| format!("target/release/testbed figures chaos {name}");
    page.fill("figures", &part(&findings.scenarios, &|run| figures(run, alone)))?;
    page.fill("calls", &part(&findings.scenarios, &calls))?;
    page.fill("what was done", &part(&findings.scenarios, &notes))?;
    let together = |_: &str| "make chaos SOAK=1".to_owned();
    page.fill("soak", &part(&findings.soak, &|run| format!("{}\n{}", figures(run, together), notes(run))))?;
    let mut files = vec![(PathBuf::from(JSON), page::json(findings)), (PathBuf::from(PAGE), page.text())];
    if let Some(bars) = findings.scenarios.as_ref().and_then(latency) {
        files.push((PathBuf::from(PICTURE), bars.svg()?));
    }
    Ok(files)
}

/// A row for each figure, with what measures it again.
fn figures(run: &Run, command: impl Fn(&str) -> String) -> String {
    let mut text =
        "| figure | measured | bound | | measured again by |\n| --- | ---: | ---: | --- | --- |\n".to_owned();
    for Told { name, value, unit, bound, verdict, .. } in &run.figures {
        let value = value.map_or_else(|| "not measured".to_owned(), |value| format!("{} {unit}", shown(value)));
        let _ = writeln!(text, "| {name} | {value} | {bound} | {verdict} | `{}` |", command(name));
    }
    let Run { date, cpus, .. } = run;
    let _ = write!(text, "\nMeasured on {date} on {cpus} CPUs that callers, Envoy, servers and database share.\n");
    text
}

fn shown(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value}") } else { number(value) }
}

/// What callers saw: a row for each thing that was done.
fn calls(run: &Run) -> String {
    let mut text = "| while | calls | failed | p50, p99, max in quiet (ms) | p50, p99, max meanwhile (ms) |\n\
                    | --- | ---: | --- | ---: | ---: |\n"
        .to_owned();
    for (name, seen) in run.figures.iter().filter_map(|told| Some((&told.name, told.seen.as_ref()?))) {
        let failures: Vec<_> = seen.failures.iter().map(|(code, calls)| format!("{calls} {code}")).collect();
        let failures = if failures.is_empty() { "0".to_owned() } else { failures.join(", ") };
        let [quiet, event] = [seen.quiet, seen.event]
            .map(|latency| [latency.p50_ms, latency.p99_ms, latency.max_ms].map(number).join(", "));
        let _ = writeln!(text, "| {} | {} | {failures} | {quiet} | {event} |", scene(name), seen.calls);
    }
    text
}

fn notes(run: &Run) -> String {
    let mut text = String::new();
    let mut before = None;
    for told in &run.figures {
        // Figures of one run may share a note.
        if before == Some(&told.note) {
            continue;
        }
        let _ = writeln!(text, "- **{}**: {}", told.name, told.note);
        before = Some(&told.note);
    }
    text
}

/// A figure's name without what it counts.
fn scene(name: &str) -> &str {
    name.rsplit_once('_').map_or(name, |(scene, _)| scene)
}

fn latency(run: &Run) -> Option<Bars> {
    let row = |told: &Told| {
        let seen = told.seen.as_ref()?;
        let values = [seen.quiet.p99_ms, seen.event.p50_ms, seen.event.p99_ms, seen.event.max_ms].map(Some);
        let ours = told.verdict == "ok";
        Some(Row { name: scene(&told.name).to_owned(), ours, values: values.into() })
    };
    let rows: Vec<_> = run.figures.iter().filter_map(row).collect();
    let panels = ["p99 in quiet", "p50 meanwhile", "p99 meanwhile", "the slowest"].map(str::to_owned).into();
    let title = "Milliseconds of a call, before and after, and while it happens (less is better)".to_owned();
    (!rows.is_empty()).then_some(Bars { title, panels, rows })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::binaries;

    #[test]
    fn the_page_shows_what_was_measured() {
        for (path, text) in drawn(&page::read(Path::new(JSON)).unwrap()).unwrap() {
            let there = fs::read_to_string(binaries::repository().join(&path)).unwrap();
            let advice = format!("run `target/release/testbed chaos --from {JSON}`");
            assert!(there == text, "{} is not what {JSON} says: {advice}", path.display());
        }
    }

    #[test]
    fn figures_that_share_a_note_are_explained_once() {
        let told = |name: &str, note: &str| Told {
            name: name.to_owned(),
            value: Some(0.0),
            unit: "calls".to_owned(),
            bound: "==0".to_owned(),
            verdict: "ok".to_owned(),
            note: note.to_owned(),
            calls: None,
            seen: None,
        };
        let figures = vec![told("kill_lost", "ten kills"), told("kill_doubled", "ten kills"), told("other", "else")];
        let run = Run { date: String::new(), cpus: 2, figures };
        assert_eq!(notes(&run), "- **kill_lost**: ten kills\n- **other**: else\n");
    }
}
