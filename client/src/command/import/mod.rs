//! A list of customers, from a file into the service, exactly once however often it takes.

mod file;
mod records;
mod rejected;
mod request_id;
mod row;
mod send;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use async_std::task::spawn_blocking;
use clap::builder::NonEmptyStringValueParser;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use ticketing_client::{CallError, Customers};

pub(crate) use file::FileFault;
pub(crate) use rejected::{Misplaced, NoPlace};
pub(crate) use row::{FIRST_NAME, LAST_NAME};

use self::file::CustomerFile;
use self::rejected::Rejected;
use self::request_id::RequestIds;
use self::row::Row;
use self::send::{Outcome, Sender};
use super::patience::Patience;
use super::progress::Progress;
use crate::args::positive_duration;
use crate::exit::{Exit, Failure};
use crate::stop::Stop;

/// Import customers from a CSV file.
///
/// The file's first line names its columns; `first_name` and `last_name` are found whatever their case, spaces, hyphens and
/// underscores, and others are ignored. The whole file is checked before anything is sent.
///
/// Running it again creates nothing twice: each row has a request id made from --source, its names and how often the
/// pair came before in the file. A row whose answer says that it was there already counts as `already there`, also
/// where it was this run that sent it again because the first answer was lost.
///
/// Rows that are unfit go to FILE.rejected.csv with line number and reason; it is written when all rows are done, and
/// removed when none was rejected. If it cannot be written then, they are in a file in the temporary folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// A CSV file, UTF-8 with or without byte order mark, fields separated by commas. It is read twice, so no pipe will
    /// do.
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// What the rows' request ids are made from besides the names: the same source and names are the same customer.
    /// Default: the file's name without its folder.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    source: Option<String>,
    /// Only check the list, and send nothing.
    #[arg(long)]
    pub(crate) check: bool,
    /// Calls at the same time.
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), allow_negative_numbers = true)]
    in_flight: u16,
    /// Where rejected rows go. Default: beside FILE.csv, as FILE.rejected.csv.
    #[arg(long, value_name = "FILE.csv")]
    rejected: Option<PathBuf>,
    /// Stop when a row has failed for this long, with pauses of up to 2 s between attempts.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = positive_duration)]
    give_up_after: Duration,
}

/// What a list holds, as far as that can be told without sending it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked {
    pub(crate) rows: u64,
    /// Rows that would be rejected.
    pub(crate) unfit: u64,
}

impl Checked {
    pub(crate) fn exit(self) -> Exit {
        if self.unfit == 0 { Exit::Done } else { Exit::Partly }
    }
}

/// How far an import came.
#[derive(Debug)]
pub(crate) struct ImportSummary {
    pub(crate) rows: u64,
    pub(crate) created: u64,
    /// Rows that the server says it had: from an earlier run, or sent twice in this one.
    pub(crate) already_there: u64,
    pub(crate) rejected: u64,
    pub(crate) elapsed: Duration,
    pub(crate) rejected_file: Option<PathBuf>,
    pub(crate) end: ImportEnd,
}

/// Why an import ended.
#[derive(Debug)]
pub(crate) enum ImportEnd {
    /// All rows have their outcome.
    Complete,
    /// A signal came first.
    Interrupted,
    /// A row could not be sent for too long, or the server refused for a reason that no row can help.
    GaveUp(CallError),
    /// The file could not be read to its end, although it could when it was checked.
    FileChanged(FileFault),
    /// All rows have their outcome, but the rejected ones are not where they were meant to be.
    Misplaced(Misplaced),
}

impl ImportSummary {
    /// Whether all rows have their outcome.
    pub(crate) fn is_complete(&self) -> bool {
        self.left() == 0
    }

    /// Rows without an outcome.
    pub(crate) fn left(&self) -> u64 {
        self.rows.saturating_sub(self.done())
    }

    /// The exit code, or the failure that ended the import.
    pub(crate) fn exit(self) -> Result<Exit, Failure> {
        match self.end {
            ImportEnd::Complete if self.rejected == 0 => Ok(Exit::Done),
            ImportEnd::Complete => Ok(Exit::Partly),
            ImportEnd::Interrupted => Ok(Exit::Interrupted),
            ImportEnd::FileChanged(fault) => Err(Failure::FileChanged(fault)),
            ImportEnd::Misplaced(misplaced) => Err(Failure::Misplaced(misplaced)),
            ImportEnd::GaveUp(error) => Err(Failure::Unfinished {
                cause: Box::new(error),
                then: "the import stopped; running the same command again finishes the job".to_owned(),
            }),
        }
    }

    fn done(&self) -> u64 {
        self.created + self.already_there + self.rejected
    }
}

impl Import {
    /// Sends all rows, or as many as it can before `stop` is requested.
    pub(crate) async fn run(&self, customers: &Customers, stop: Stop) -> Result<ImportSummary, Failure> {
        let begun = Instant::now();
        let file = self.checked_file(&stop).await?;
        let mut rows = file.rows()?;
        let mut ids = RequestIds::of(self.source());
        let mut rejected = Rejected::beside(&self.file, self.rejected.as_deref(), file.unfit_rows() > 0)?;
        let progress = Progress::of(file.row_count(), "rows");
        let patience = Patience { stop: &stop, progress: &progress, give_up_after: self.give_up_after };
        let sender = Sender { customers, patience };
        let mut summary = ImportSummary {
            rows: file.row_count(),
            created: 0,
            already_there: 0,
            rejected: 0,
            elapsed: Duration::ZERO,
            rejected_file: None,
            end: ImportEnd::Complete,
        };

        let mut calls = FuturesUnordered::new();
        loop {
            while calls.len() < usize::from(self.in_flight) && !stop.is_requested() {
                match rows.next() {
                    None => break,
                    Some(Row { line, content: Ok(names) }) => {
                        let request_id = ids.next(&names.first, &names.last);
                        calls.push(sender.create(line, names, request_id));
                    }
                    Some(Row { line, content: Err(unfit) }) => {
                        rejected.add(line, &unfit);
                        summary.rejected += 1;
                        progress.advance_to(summary.done());
                        // A signal must come through, however many bad rows there are in a row.
                        async_std::task::yield_now().await;
                    }
                }
            }
            let Some(outcome) = calls.next().await else { break };
            match outcome {
                Outcome::Created => summary.created += 1,
                Outcome::AlreadyThere => summary.already_there += 1,
                Outcome::Rejected(line, unfit) => {
                    rejected.add(line, &unfit);
                    summary.rejected += 1;
                }
                Outcome::Stopped => {}
                Outcome::GaveUp(error) => {
                    // The others' last calls are waited for: what they did is counted.
                    stop.request();
                    summary.end = ImportEnd::GaveUp(error);
                }
            }
            progress.advance_to(summary.done());
        }
        drop(calls);
        progress.clear();

        if let Err(fault) = rows.finish() {
            summary.end = ImportEnd::FileChanged(fault);
        }
        if matches!(summary.end, ImportEnd::Complete) {
            if summary.is_complete() {
                match rejected.publish() {
                    Ok(path) => summary.rejected_file = path,
                    Err(misplaced) => {
                        summary.rejected_file = misplaced.kept_at().map(Path::to_owned);
                        summary.end = ImportEnd::Misplaced(misplaced);
                    }
                }
            } else {
                summary.end = ImportEnd::Interrupted;
            }
        }
        Ok(ImportSummary { elapsed: begun.elapsed(), ..summary })
    }

    /// Reads the whole list and sends nothing.
    pub(crate) async fn check(&self, stop: Stop) -> Result<Checked, Failure> {
        let file = self.checked_file(&stop).await?;
        Ok(Checked { rows: file.row_count(), unfit: file.unfit_rows() })
    }

    /// The list, read once on a thread of its own, so that a signal gets through meanwhile.
    async fn checked_file(&self, stop: &Stop) -> Result<CustomerFile, Failure> {
        let (path, stopped) = (self.file.clone(), stop.clone());
        let checked = spawn_blocking(move || CustomerFile::check(&path, &stopped)).await;
        if stop.is_requested() { Err(Failure::Interrupted) } else { Ok(checked?) }
    }

    fn source(&self) -> String {
        self.source.clone().unwrap_or_else(|| {
            self.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(end: ImportEnd, rejected: u64) -> ImportSummary {
        ImportSummary {
            rows: 10,
            created: 5,
            already_there: 1,
            rejected,
            elapsed: Duration::ZERO,
            rejected_file: None,
            end,
        }
    }

    #[test]
    fn the_exit_code_tells_whether_rows_were_rejected_or_left() {
        assert_eq!(summary(ImportEnd::Complete, 0).exit().unwrap(), Exit::Done);
        assert_eq!(summary(ImportEnd::Complete, 4).exit().unwrap(), Exit::Partly);
        assert_eq!(summary(ImportEnd::Interrupted, 1).exit().unwrap(), Exit::Interrupted);
    }

    #[test]
    fn rows_without_an_outcome_are_left() {
        assert_eq!(summary(ImportEnd::Interrupted, 1).left(), 3);
    }
}
