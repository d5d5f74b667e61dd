//! The file itself: which one a path leads to, and whether the log beside it is its own.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Where SQLite notes which kind of log a file has (sqlite.org/fileformat2.html, "file format version numbers").
const FORMAT_OFFSET: u64 = 18;
/// What it notes there for a file that has a rollback journal, if any.
const ROLLBACK_JOURNAL: [u8; 2] = [1, 1];

/// Which file a path leads to. What is written to a file that was removed or replaced is gone with the last process that
/// has it open, and what is read there is what was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}

/// The write-ahead log that an earlier file left beside a backup. SQLite would take it into the backup, page by page, and
/// spoil it.
///
/// `VACUUM INTO` makes a file with a rollback journal, and a file gets a write-ahead log only after it was marked for
/// one: the two together never come from one file.
pub(super) fn log_of_another(file: &Path) -> Option<PathBuf> {
    let log = beside(file, "-wal");
    let has_content = std::fs::metadata(&log).is_ok_and(|found| found.len() > 0);
    let is_backup = || format_of(file).is_ok_and(|format| format == ROLLBACK_JOURNAL);
    (has_content && is_backup()).then_some(log)
}

/// Said of such a log, in one place.
pub(super) fn stale(log: &Path) -> String {
    format!("{} is not its own: it was left by the file that stood here before", log.display())
}

fn format_of(file: &Path) -> io::Result<[u8; 2]> {
    let mut file = File::open(file)?;
    file.seek(SeekFrom::Start(FORMAT_OFFSET))?;
    let mut format = [0; 2];
    file.read_exact(&mut format)?;
    Ok(format)
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}
