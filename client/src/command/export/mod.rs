//! All customers, from the service into a file that an import reads, whatever comes between.

mod checkpoint;
mod fault;
mod part;
mod place;
mod state;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ticketing_client::{CallError, Code, CustomerList, Customers};

pub(crate) use fault::ExportFault;

use self::part::Part;
use self::place::Place;
use super::patience::{Ended, Patience};
use super::progress::Progress;
use crate::args::positive_duration;
use crate::exit::{Exit, Failure};
use crate::stop::Stop;

/// The most that a server puts on one page.
const PAGE_SIZE: i32 = 1000;

/// Export all customers into a CSV file.
///
/// The file has the columns `first_name` and `last_name`, as an import reads them, and the customers in the order in
/// which they were created; those that are created meanwhile come too. Importing it makes new customers: it is meant for
/// another service.
///
/// Until the file is whole it is FILE.csv.part, and FILE.csv.part.state tells how far it is. An export that was cut short
/// goes on from there when the same command runs again; nothing is lost or doubled.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The file to make.
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Replace FILE.csv if it is there, once the export is whole.
    #[arg(long)]
    force: bool,
    /// Stop when a page has failed for this long, with pauses of up to 2 s between attempts.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = positive_duration)]
    give_up_after: Duration,
}

/// How far an export came.
#[derive(Debug)]
pub(crate) struct ExportSummary {
    /// The file, once it is whole.
    pub(crate) file: PathBuf,
    /// Where the customers are until then.
    pub(crate) part: PathBuf,
    /// Customers in the file or its part, those of earlier runs too.
    pub(crate) exported: u64,
    /// How many of them earlier runs have written.
    pub(crate) resumed: Option<u64>,
    pub(crate) elapsed: Duration,
    pub(crate) end: ExportEnd,
}

/// Why an export ended.
#[derive(Debug)]
pub(crate) enum ExportEnd {
    /// The file is whole and in its place.
    Complete,
    /// A signal came first.
    Interrupted,
    /// A page could not be read for too long, or the server refused.
    GaveUp(CallError),
    /// The file could not be written, or not put in its place.
    Unwritten(ExportFault),
}

impl ExportSummary {
    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.end, ExportEnd::Complete)
    }

    /// The exit code, or the failure that ended the export.
    pub(crate) fn exit(self) -> Result<Exit, Failure> {
        match self.end {
            ExportEnd::Complete => Ok(Exit::Done),
            ExportEnd::Interrupted => Ok(Exit::Interrupted),
            ExportEnd::Unwritten(fault) => Err(Failure::ExportCut(fault)),
            ExportEnd::GaveUp(error) => Err(Failure::Unfinished {
                cause: Box::new(error),
                then: "the export stopped; running the same command again goes on from there".to_owned(),
            }),
        }
    }
}

impl From<Ended> for ExportEnd {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Stopped => Self::Interrupted,
            Ended::Failed(error) => Self::GaveUp(error),
        }
    }
}

impl Export {
    /// Writes all customers, or as many as it can before `stop` is requested.
    pub(crate) async fn run(&self, customers: &Customers, stop: Stop) -> Result<ExportSummary, Failure> {
        let begun = Instant::now();
        let part = Part::open(Place::check(&self.file, self.force)?)?;
        let progress = Progress::open_ended(part.rows(), "customers");
        let patience = Patience { stop: &stop, progress: &progress, give_up_after: self.give_up_after };
        let mut summary = ExportSummary {
            file: part.place().file.clone(),
            part: part.place().part.clone(),
            exported: part.rows(),
            resumed: part.resumed().map(|checkpoint| checkpoint.rows),
            elapsed: Duration::ZERO,
            end: ExportEnd::Complete,
        };
        let pages = Pages { customers, patience };
        summary.end = match pages.has_what_is_in(&part).await {
            Ok(true) => match pages.write(part, &mut summary.exported).await {
                Ok(()) => ExportEnd::Complete,
                Err(end) => end,
            },
            Ok(false) => return Err(part.other_service().into()),
            Err(ended) => ended.into(),
        };
        progress.clear();
        Ok(ExportSummary { elapsed: begun.elapsed(), ..summary })
    }
}

/// The pages of the service.
struct Pages<'a> {
    customers: &'a Customers,
    patience: Patience<'a>,
}

impl Pages<'_> {
    /// Whether the service has the last customer of an earlier run where it had it then. Tokens of one service mean
    /// other customers on another, or none.
    async fn has_what_is_in(&self, part: &Part) -> Result<bool, Ended> {
        let Some(checkpoint) = part.resumed() else { return Ok(true) };
        match self.read(&checkpoint.page).await {
            Ok(page) => Ok(page.customers.iter().any(|customer| customer.id == checkpoint.last)),
            Err(Ended::Failed(error)) if error.code == Code::InvalidArgument => Ok(false),
            Err(ended) => Err(ended),
        }
    }

    /// Adds all pages to `part` and finishes it.
    async fn write(&self, mut part: Part, exported: &mut u64) -> Result<(), ExportEnd> {
        let mut token = part.resumed().map(|checkpoint| checkpoint.next.clone()).unwrap_or_default();
        loop {
            let page = self.read(&token).await?;
            part.add(&page.customers, &token, &page.next_page_token).map_err(ExportEnd::Unwritten)?;
            *exported = part.rows();
            self.patience.progress.advance_to(part.rows());
            if page.next_page_token.is_empty() {
                return part.finish().map_err(ExportEnd::Unwritten);
            }
            if self.patience.stop.is_requested() {
                return Err(ExportEnd::Interrupted);
            }
            token = page.next_page_token;
        }
    }

    async fn read(&self, token: &str) -> Result<CustomerList, Ended> {
        Ok(self.patience.outlast(|| self.customers.list(PAGE_SIZE, token)).await?.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_done_only_if_it_is_whole() {
        let summary = |end| ExportSummary {
            file: "list.csv".into(),
            part: "list.csv.part".into(),
            exported: 10,
            resumed: None,
            elapsed: Duration::ZERO,
            end,
        };
        assert_eq!(summary(ExportEnd::Complete).exit().unwrap(), Exit::Done);
        assert_eq!(summary(ExportEnd::Interrupted).exit().unwrap(), Exit::Interrupted);
        let fault = ExportFault::Exists("list.csv".into());
        assert_eq!(summary(ExportEnd::Unwritten(fault)).exit().unwrap_err().exit(), Exit::Failed);
    }
}
