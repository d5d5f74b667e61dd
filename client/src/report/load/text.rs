//! The closing report for people.

use std::io::{self, Write};

use ticketing_logging::Plain;

use super::{PERCENTILES, ms, offered};
use crate::command::{Comparison, Doubt, Judgement, LoadReport, bars};

pub(in crate::report) fn write(report: &LoadReport, out: &mut dyn Write) -> io::Result<()> {
    let run = &report.run;
    writeln!(out, "{}", offered(run, report.runs, !report.doubts.contains(&Doubt::SeveralLoads)))?;
    if run.warmup_seconds > 0.0 {
        writeln!(out, "{} calls in {:.1} s of warm-up, not counted", run.warmup_calls, run.warmup_seconds)?;
    }
    if run.prepared > 0 {
        writeln!(out, "{} customers were made first, since there were none to get", run.prepared)?;
    }
    writeln!(
        out,
        "{} calls, {} ok, {} failed in {:.1} s: {:.1} calls/s{}",
        run.calls(),
        run.ok(),
        run.failed(),
        run.seconds,
        run.calls_per_second(),
        if run.interrupted { "; interrupted" } else { "" }
    )?;
    writeln!(out)?;
    write!(out, "{:<8}{:>10}", "", "calls")?;
    PERCENTILES.iter().try_for_each(|(name, _)| write!(out, "{name:>10}"))?;
    writeln!(out, "  ms")?;
    for (name, latencies) in run.listed().filter(|(_, latencies)| latencies.count() > 0) {
        write!(out, "{name:<8}{:>10}", latencies.count())?;
        PERCENTILES.iter().try_for_each(|(_, quantile)| write!(out, "{:>10.2}", ms(latencies.at(*quantile))))?;
        writeln!(out)?;
    }
    for (code, calls) in &run.failures {
        writeln!(out, "failed  {code:<20} {calls:>10}")?;
        if let Some(error) = run.first_errors.get(code) {
            writeln!(out, "        the first: {}", Plain(error))?;
        }
    }
    writeln!(out, "{}", bars(&run.pods))?;
    for doubt in &report.doubts {
        writeln!(out, "note: {doubt}")?;
    }
    report.comparison.as_ref().map_or(Ok(()), |comparison| compared(comparison, out))
}

fn compared(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let Comparison { old_started, old_target, old_runs, new_runs, same_load, figures } = comparison;
    writeln!(out)?;
    let (old_started, old_target) = (Plain(old_started), Plain(old_target));
    writeln!(out, "compared with {old_target} on {old_started} (runs: {old_runs} before, {new_runs} now; means)")?;
    if !same_load {
        writeln!(out, "note: not the same load was offered, so no figure is judged")?;
    }
    for each in figures {
        let ratio = each.ratio.map(|ratio| format!("{ratio:.3}x")).unwrap_or_default();
        let spread =
            each.spread.map_or("spread unknown".to_owned(), |spread| format!("spread {:.1} %", spread * 100.0));
        let judgement = judged(each.judgement);
        writeln!(
            out,
            "{:<8}{:>12.2} -> {:>12.2} {:<8}{ratio:>8}  {spread}: {judgement}",
            each.figure, each.old, each.new, each.unit
        )?;
    }
    Ok(())
}

pub(super) fn judged(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::WithinNoise => "no difference beyond the noise of the runs",
        Judgement::Better => "better",
        Judgement::Worse => "worse",
        Judgement::Untold => "not judged: it takes three runs or more of each side (--runs 3)",
        Judgement::Interrupted => "not judged: a run was interrupted; make it again",
        Judgement::TooFewAnswers => "not judged: a run has too few answers for it",
        Judgement::TooManyFailed => "not judged: the slowest of a run may be among those that failed",
        Judgement::NotComparable => "not judged: another load was offered",
    }
}
