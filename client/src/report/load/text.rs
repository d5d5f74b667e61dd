//! The closing report for people.

use std::io::{self, Write};

use ticketing_logging::Plain;

use super::{PERCENTILES, lasting, ms, offered};
use crate::command::{Comparison, Doubt, Judgement, LoadReport, bars, counted};

pub(in crate::report) fn write(report: &LoadReport, out: &mut dyn Write) -> io::Result<()> {
    let run = &report.run;
    let one_load = !report.doubts.contains(&Doubt::SeveralLoads);
    writeln!(out, "{}", offered(run, report.runs, one_load))?;
    if run.warmup_seconds > 0.0 {
        let calls = counted(run.warmup_calls, "call", "calls");
        let failed =
            if run.warmup_failed > 0 { format!(", {} of them failed", run.warmup_failed) } else { String::new() };
        writeln!(out, "{calls} in {} of warm-up, not counted{failed}", lasting(run.warmup_seconds))?;
    }
    if run.prepared > 0 {
        writeln!(out, "{} customers were made first, since there were none to get", run.prepared)?;
    }
    let (all, rated) = (lasting(run.seconds), lasting(run.rate_seconds.unwrap_or(run.seconds)));
    writeln!(
        out,
        "{}, {} ok, {} failed in {all}: {:.1} calls/s{}{}",
        counted(run.calls(), "call", "calls"),
        run.ok(),
        run.failed(),
        run.calls_per_second(),
        // The last answers came later, or no call was due after the last one.
        if rated == all { String::new() } else { format!(" in {rated} of calling") },
        if run.interrupted { "; interrupted" } else { "" }
    )?;
    if let (Some(rate), Some(scheduled), Some(after), true) =
        (run.shape.rate, run.scheduled_seconds, run.seconds_after_schedule(), one_load)
    {
        let (scheduled, after, achieved) = (lasting(scheduled), lasting(after), run.answers_per_second());
        writeln!(
            out,
            "offered: {rate} calls/s for {scheduled}; achieved: {achieved:.1} answers/s, the last {after} after the schedule"
        )?;
    }
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
    writeln!(out, "{}", bars(&run.pods, usize::MAX))?;
    for doubt in &report.doubts {
        writeln!(out, "note: {doubt}")?;
    }
    report.comparison.as_ref().map_or(Ok(()), |comparison| compared(comparison, out))
}

fn compared(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let Comparison { old_started, old_target, old_runs, new_runs, figures, .. } = comparison;
    writeln!(out)?;
    let (old_started, old_target) = (Plain(old_started), Plain(old_target));
    writeln!(out, "compared with {old_target} on {old_started} (runs: {old_runs} before, {new_runs} now; means)")?;
    // What keeps all of them from being judged is said once.
    let of_all = figures.first().map(|first| first.judgement).filter(|judgement| judgement.is_of_all());
    if let Some(judgement) = of_all {
        writeln!(out, "{}", judged(judgement))?;
    }
    for each in figures {
        let ratio = each.ratio.map(|ratio| format!("{ratio:.3}x")).unwrap_or_default();
        let spread = each.spread.map(|spread| format!("spread {:.1} %", spread * 100.0));
        let judgement = of_all.is_none().then(|| judged(each.judgement).to_owned());
        let told: Vec<_> = spread.into_iter().chain(judgement).collect();
        let [old, new] = [each.old, each.new].map(|mean| mean.map_or("none".to_owned(), |mean| format!("{mean:.2}")));
        let line = format!("{:<8}{old:>12} -> {new:>12} {:<8}{ratio:>8}  {}", each.figure, each.unit, told.join(": "));
        writeln!(out, "{}", line.trim_end())?;
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
        Judgement::TooShort => "not judged: a run is shorter than half a second",
        Judgement::TooManyFailed => "not judged: the slowest of a run may be among those that failed",
        Judgement::NotComparable => "not judged: another load was offered (a warm-up and TLS are part of it)",
    }
}
