//! An examination, for people.

use std::io::{self, Write};

use ticketing_logging::Plain;

use crate::command::Examination;

pub(super) fn write(examination: &Examination, out: &mut dyn Write) -> io::Result<()> {
    for finding in &examination.findings {
        writeln!(out, "{:<8} {:<16} {}", finding.verdict.name(), finding.check, Plain(&finding.found))?;
        if let Some(next) = &finding.next {
            writeln!(out, "{:<8} {:<16} -> {next}", "", "")?;
        }
    }
    writeln!(out, "{}: {}", examination.target, examination.conclusion())
}
