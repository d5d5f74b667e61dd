use std::io::{self, Write};

use ticketing_client::{Answer, Customer, Serving};
use ticketing_logging::Plain;

use super::{Report, capacity, doctor, load};
use crate::command::{
    Capacities, Checked, Examination, ExportSummary, Health, ImportSummary, LoadReport, WatchSummary,
};
use crate::exit::Failure;

/// Text for people. What a server or a file says of itself is made plain: it may hold what a terminal obeys.
pub(crate) struct Human;

impl Report for Human {
    fn customer(&self, answer: &Answer<Customer>, out: &mut dyn Write) -> io::Result<()> {
        let Answer { value: customer, pod, replayed, .. } = answer;
        writeln!(out, "id          {}", Plain(&customer.id))?;
        writeln!(out, "first name  {}", Plain(&customer.first_name))?;
        writeln!(out, "last name   {}", Plain(&customer.last_name))?;
        if let Some(pod) = pod {
            writeln!(out, "answered by {}", Plain(pod))?;
        }
        if *replayed {
            writeln!(out, "created     earlier, by a call with the same request id")?;
        }
        Ok(())
    }

    fn customers(&self, page: &[Customer], out: &mut dyn Write) -> io::Result<()> {
        for customer in page {
            let Customer { id, first_name, last_name, .. } = customer;
            writeln!(out, "{}\t{}\t{}", Plain(id), Plain(first_name), Plain(last_name))?;
        }
        Ok(())
    }

    /// Beside the list, which other programs may read line by line.
    fn more_customers(&self, next_page_token: &str, _: &mut dyn Write) -> io::Result<()> {
        let next = Plain(next_page_token);
        writeln!(io::stderr(), "more follow: --all lists them all, --page-token {next} the next page")
    }

    fn health(&self, _: &Health, serving: Serving, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{serving}")
    }

    fn watch(&self, summary: &WatchSummary, out: &mut dyn Write) -> io::Result<()> {
        let WatchSummary { calls, failures, pods, elapsed, .. } = summary;
        let seconds = elapsed.as_secs_f64();
        writeln!(out, "{calls} calls, {} ok, {} failed in {seconds:.1} s", summary.ok(), summary.failed())?;
        for (code, calls) in failures {
            writeln!(out, "failed  {code:<20} {calls:>10}")?;
        }
        for (pod, calls) in pods {
            writeln!(out, "pod     {:<20} {calls:>10}", Plain(pod).to_string())?;
        }
        Ok(())
    }

    fn checked(&self, checked: Checked, out: &mut dyn Write) -> io::Result<()> {
        let Checked { rows, unfit } = checked;
        writeln!(out, "{rows} rows, {unfit} of them unfit; nothing was sent")
    }

    fn import(&self, summary: &ImportSummary, out: &mut dyn Write) -> io::Result<()> {
        let ImportSummary { rows, created, already_there, rejected, elapsed, .. } = summary;
        let seconds = elapsed.as_secs_f64();
        writeln!(
            out,
            "{created} created, {already_there} already there, {rejected} rejected of {rows} rows in {seconds:.1} s"
        )?;
        if let Some(path) = &summary.rejected_file {
            writeln!(out, "rejected rows, each with its reason: {}", path.display())?;
        }
        if !summary.is_complete() {
            writeln!(out, "{} rows left: the same command again finishes the job", summary.left())?;
        }
        Ok(())
    }

    fn export(&self, summary: &ExportSummary, out: &mut dyn Write) -> io::Result<()> {
        let ExportSummary { file, part, exported, resumed, elapsed, .. } = summary;
        let before = resumed.map(|rows| format!(" ({rows} of them by an earlier run)")).unwrap_or_default();
        let seconds = elapsed.as_secs_f64();
        if summary.is_complete() {
            writeln!(out, "{exported} customers{before} in {}, in {seconds:.1} s", file.display())
        } else {
            writeln!(out, "{exported} customers{before} so far in {}, in {seconds:.1} s", part.display())?;
            writeln!(out, "the same command again goes on from there")
        }
    }

    fn capacity(&self, found: &Capacities, out: &mut dyn Write) -> io::Result<()> {
        capacity::write(found, out)
    }

    fn doctor(&self, examination: &Examination, out: &mut dyn Write) -> io::Result<()> {
        doctor::write(examination, out)
    }

    fn load(&self, report: &LoadReport, out: &mut dyn Write) -> io::Result<()> {
        let mut told = Vec::new();
        load::write(report, &mut told)?;
        // Runs that are compared or merged come from files.
        String::from_utf8_lossy(&told).lines().try_for_each(|line| writeln!(out, "{}", Plain(line)))
    }

    fn failure(&self, failure: &Failure, out: &mut dyn Write) -> io::Result<()> {
        if failure.is_silent() { Ok(()) } else { writeln!(out, "error: {}", Plain(&failure.to_string())) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ticketing_client::Code;

    use super::*;
    use crate::command::ImportEnd;

    fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_import_closes_with_numbers_that_add_up() {
        let summary = ImportSummary {
            rows: 59,
            created: 59,
            already_there: 0,
            rejected: 0,
            elapsed: Duration::from_millis(420),
            rejected_file: None,
            end: ImportEnd::Complete,
        };
        assert_eq!(
            text(|out| Human.import(&summary, out)),
            "59 created, 0 already there, 0 rejected of 59 rows in 0.4 s\n"
        );
        let interrupted = ImportSummary { created: 40, end: ImportEnd::Interrupted, ..summary };
        assert!(
            text(|out| Human.import(&interrupted, out))
                .ends_with("19 rows left: the same command again finishes the job\n")
        );
    }

    #[test]
    fn a_watch_closes_with_its_failures_and_pods() {
        let summary = WatchSummary {
            calls: 5,
            failures: [(Code::Unavailable, 2)].into(),
            pods: [("app-server-1".to_owned(), 3)].into(),
            elapsed: Duration::from_secs(12),
            interrupted: false,
        };
        let text = text(|out| Human.watch(&summary, out));
        assert!(text.starts_with("5 calls, 3 ok, 2 failed in 12.0 s\n"), "{text}");
        assert!(text.contains("UNAVAILABLE") && text.contains("app-server-1"), "{text}");
    }

    #[test]
    fn nothing_that_a_server_says_steers_the_terminal_or_forges_a_line() {
        let evil = "a\n\x1b[2J\u{9b}31m".to_owned();
        let customer =
            Customer { id: evil.clone(), first_name: evil.clone(), last_name: evil.clone(), ..Customer::default() };
        let answer = Answer {
            value: customer.clone(),
            attempts: 1,
            pod: Some(evil.clone()),
            replayed: false,
            server_version: None,
            server_time: None,
        };
        let summary = WatchSummary { pods: [(evil.clone(), 3)].into(), calls: 3, ..WatchSummary::default() };
        let told = [
            (text(|out| Human.customer(&answer, out)), 4),
            (text(|out| Human.customers(&[customer], out)), 1),
            (text(|out| Human.watch(&summary, out)), 2),
            (text(|out| Human.failure(&Failure::Usage(evil), out)), 1),
        ];
        for (text, lines) in told {
            assert_eq!(text.lines().count(), lines, "{text}");
            assert!(!text.contains(|letter: char| letter.is_control() && !"\n\t".contains(letter)), "{text:?}");
            assert!(text.contains("a\\n\\u{1b}[2J\\u{9b}31m"), "{text}");
        }
    }
}
