//! A customer list on disk: checked as a whole first, then read row by row.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::records::{Record, RecordFault, Records};
use super::row::{Columns, HeaderFault, Row};
use crate::stop::Stop;

/// What stands for standard input elsewhere.
const DASH: &str = "-";

/// Why a file is refused. Displays as one line.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub(crate) struct FileFault {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("cannot be opened: {0}")]
    Unopened(io::Error),
    #[error(
        "is not a regular file, and an import reads its list twice; write the list to a file first (cat > list.csv) and import that"
    )]
    Irregular,
    #[error("{0}")]
    Header(#[from] HeaderFault),
    #[error("{0}")]
    Record(#[from] RecordFault),
    #[error("was changed while it was read")]
    Changed,
}

/// A file whose structure was checked from end to end.
pub(crate) struct CustomerFile {
    path: PathBuf,
    row_count: u64,
    unfit_rows: u64,
}

impl CustomerFile {
    /// Reads the file once, to refuse a broken one before anything is sent. It blocks; once `stop` is requested it ends
    /// soon, with a fault that means nothing.
    pub(crate) fn check(path: &Path, stop: &Stop) -> Result<Self, FileFault> {
        let check = || {
            let (mut records, columns) = open(path, |file| UntilStopped { file, stop })?;
            let mut record = Record::default();
            let mut file = Self { path: path.to_owned(), row_count: 0, unfit_rows: 0 };
            while records.read(&mut record)? {
                file.row_count += 1;
                file.unfit_rows += u64::from(Row::of(&record, columns).content.is_err());
            }
            Ok(file)
        };
        check().map_err(|cause| FileFault { path: path.to_owned(), cause })
    }

    /// Rows below the header; empty lines are none.
    pub(crate) fn row_count(&self) -> u64 {
        self.row_count
    }

    /// Rows that will be rejected, whatever the server says to the others.
    pub(crate) fn unfit_rows(&self) -> u64 {
        self.unfit_rows
    }

    /// Reads the file again, row by row.
    pub(crate) fn rows(&self) -> Result<Rows, FileFault> {
        let (records, columns) =
            open(&self.path, |file| file).map_err(|cause| FileFault { path: self.path.clone(), cause })?;
        Ok(Rows {
            path: self.path.clone(),
            records,
            columns,
            record: Record::default(),
            left: self.row_count,
            fault: None,
        })
    }
}

/// A file that fails as soon as a stop is requested.
struct UntilStopped<'a> {
    file: File,
    stop: &'a Stop,
}

impl Read for UntilStopped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_requested() { Err(io::Error::other("stopped")) } else { self.file.read(buffer) }
    }
}

fn open<R: Read>(path: &Path, reader: impl FnOnce(File) -> R) -> Result<(Records<BufReader<R>>, Columns), Cause> {
    // Asked before it is opened: a pipe that nobody writes to would open only when somebody does.
    if path == Path::new(DASH) || !fs::metadata(path).map_err(Cause::Unopened)?.is_file() {
        return Err(Cause::Irregular);
    }
    let file = File::open(path).map_err(Cause::Unopened)?;
    let mut records = Records::new(BufReader::new(reader(file)))?;
    let mut header = Record::default();
    if !records.read(&mut header)? {
        return Err(HeaderFault::Empty.into());
    }
    let columns = Columns::find(&header)?;
    Ok((records, columns))
}

/// The rows of a checked file. Ends early if the file is no longer what was checked; [`Rows::finish`] tells.
pub(crate) struct Rows {
    path: PathBuf,
    records: Records<BufReader<File>>,
    columns: Columns,
    record: Record,
    left: u64,
    fault: Option<Cause>,
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.left == 0 || self.fault.is_some() {
            return None;
        }
        let cause = match self.records.read(&mut self.record) {
            Ok(true) => {
                self.left -= 1;
                return Some(Row::of(&self.record, self.columns));
            }
            Err(RecordFault::Unreadable(cause)) => RecordFault::Unreadable(cause).into(),
            // The check before has read to the end without a fault.
            Ok(false) | Err(_) => Cause::Changed,
        };
        self.fault = Some(cause);
        None
    }
}

impl Rows {
    /// Whether the file stayed what it was as far as it was read.
    pub(crate) fn finish(self) -> Result<(), FileFault> {
        self.fault.map_or(Ok(()), |cause| Err(FileFault { path: self.path, cause }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_reads_no_further_once_it_shall_stop() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        fs::write(&path, "first_name,last_name\nAnn,Lee\n,Li\n").unwrap();
        let stop = Stop::new();
        let file = CustomerFile::check(&path, &stop).unwrap();
        assert_eq!((file.row_count(), file.unfit_rows()), (2, 1));
        stop.request();
        assert!(CustomerFile::check(&path, &stop).is_err());
    }
}
