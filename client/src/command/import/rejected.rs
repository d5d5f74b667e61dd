//! The file of rows that made no customer.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::row::Unfit;
use crate::command::same_file::is_same_file;

const HEADER: [&str; 4] = ["line", "reason", "first_name", "last_name"];

/// Why rejected rows could not go where they were meant to go. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("{} {cause}; name another place with --rejected", path.display())]
pub(crate) struct NoPlace {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("takes no rejected rows: {0}")]
    Unusable(#[from] io::Error),
    #[error("is not a regular file, as a file of rejected rows is")]
    Irregular,
    #[error("is the list itself")]
    TheList,
    #[error("stands there already and holds no rejected rows")]
    OtherFile,
    #[error("would be written as a .part first, and a file that holds no rejected rows has that name")]
    OtherPart,
}

/// Why rejected rows are not where they were meant to be, at the end of an import.
#[derive(Debug, thiserror::Error)]
#[error("cannot put rejected rows into {}: {cause}; {}", path.display(), self.advice())]
pub(crate) struct Misplaced {
    path: PathBuf,
    cause: io::Error,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    /// There were none; what stands at the path is from an earlier run.
    Nothing,
    At(PathBuf),
    /// There was no room for them anywhere.
    Nowhere,
}

impl Misplaced {
    /// Where the rows are instead.
    pub(crate) fn kept_at(&self) -> Option<&Path> {
        match &self.kept {
            Kept::At(path) => Some(path),
            Kept::Nothing | Kept::Nowhere => None,
        }
    }

    fn advice(&self) -> String {
        match &self.kept {
            Kept::Nothing => "no row was rejected, so what stands there is of an earlier run: remove it".to_owned(),
            Kept::At(path) => format!("they are in {} instead", path.display()),
            Kept::Nowhere => {
                "name a place that has room with --rejected; the same command again rejects the same rows".to_owned()
            }
        }
    }
}

/// Collects rejected rows in a file without a name, which gets its place and name only when it is complete: a program
/// that is killed leaves nothing.
///
/// Trouble with the file stops no import: the rows go to the temporary folder instead, and [`Rejected::publish`] tells.
pub(crate) struct Rejected {
    path: PathBuf,
    rows: Option<Rows>,
    /// Why rows do not go into the folder of `path`.
    fault: Option<io::Error>,
    /// Whether even the temporary folder did not take them.
    is_lost: bool,
}

impl Rejected {
    /// At `path`, or else beside `list`: `customers.csv` gets `customers.rejected.csv`. A file that stands there is
    /// replaced only if it holds rejected rows of an earlier run. If rows `will_come`, the folder must take files.
    pub(crate) fn beside(list: &Path, path: Option<&Path>, will_come: bool) -> Result<Self, NoPlace> {
        let path = path.map_or_else(|| list.with_extension("rejected.csv"), Path::to_owned);
        let usable = || {
            check_free(&path, list)?;
            if !is_left_behind(&part_of(&path))? {
                return Err(Cause::OtherPart);
            }
            if will_come {
                // Tried now, before anything is sent.
                Rows::beside(&path)?;
            }
            Ok(())
        };
        match usable() {
            Ok(()) => Ok(Self { path, rows: None, fault: None, is_lost: false }),
            Err(cause) => Err(NoPlace { path, cause }),
        }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, line: u64, unfit: &Unfit) {
        if self.is_lost {
            return;
        }
        let row = encoded([&line.to_string(), &unfit.reason, &unfit.first, &unfit.last]);
        if let Err(cause) = self.append(&row) {
            let moved = if self.fault.is_none() { self.move_away(&row) } else { Err(io::ErrorKind::Other.into()) };
            self.is_lost = moved.is_err();
            self.fault.get_or_insert(cause);
        }
    }

    /// Puts the file in its place and returns its path. Without rows there is none, and that of an earlier run goes.
    pub(crate) fn publish(self) -> Result<Option<PathBuf>, Misplaced> {
        let Self { path, rows, fault, is_lost } = self;
        let misplaced = |cause, kept| Err(Misplaced { path: path.clone(), cause, kept });
        match (rows, fault) {
            (_, Some(cause)) if is_lost => misplaced(cause, Kept::Nowhere),
            (Some(rows), Some(cause)) => {
                let kept = rows.keep();
                misplaced(cause, kept)
            }
            (Some(rows), None) => match rows.place(&path) {
                Ok(()) => Ok(Some(path)),
                Err((cause, kept)) => misplaced(cause, kept),
            },
            (None, _) => match remove(&path) {
                Ok(()) => Ok(None),
                Err(cause) => misplaced(cause, Kept::Nothing),
            },
        }
    }

    fn append(&mut self, row: &[u8]) -> io::Result<()> {
        let rows = match &mut self.rows {
            Some(rows) => rows,
            none => none.insert(Rows::beside(&self.path)?),
        };
        rows.append(row)
    }

    /// Goes on in the temporary folder, with the rows so far and `row`.
    fn move_away(&mut self, row: &[u8]) -> io::Result<()> {
        let mut elsewhere = match &mut self.rows {
            Some(rows) => rows.copy_elsewhere()?,
            None => Rows::elsewhere()?,
        };
        elsewhere.append(row)?;
        self.rows = Some(elsewhere);
        Ok(())
    }
}

/// A temporary file with the header and whole rows.
struct Rows {
    file: File,
    /// None where the file has no name, and goes with this program however it ends.
    name: Option<TempPath>,
    bytes: u64,
}

impl Rows {
    /// In the folder of `path`, so that what is missing there is found out at once: rights, or space.
    fn beside(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::with_header(tempfile::tempfile_in(folder)?, None)
    }

    /// In the temporary folder, where names are nobody else's to read.
    fn elsewhere() -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix("ticketing-rejected-").suffix(".csv").tempfile()?;
        let (file, name) = file.into_parts();
        Self::with_header(file, Some(name))
    }

    fn with_header(file: File, name: Option<TempPath>) -> io::Result<Self> {
        let mut rows = Self { file, name, bytes: 0 };
        rows.append(&encoded(HEADER))?;
        Ok(rows)
    }

    /// Adds a row as a whole or not at all.
    fn append(&mut self, row: &[u8]) -> io::Result<()> {
        self.file.write_all(row).inspect_err(|_| {
            // What is copied later ends at `bytes` too, should this fail as well.
            let _ = self.file.set_len(self.bytes);
        })?;
        self.bytes += row.len() as u64;
        Ok(())
    }

    fn copy_elsewhere(&mut self) -> io::Result<Self> {
        let mut copy = Self::elsewhere()?;
        self.copy_into(&mut copy.file, copy.bytes)?;
        copy.bytes = self.bytes;
        Ok(copy)
    }

    /// All from byte `from` on.
    fn copy_into(&mut self, target: &mut File, from: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(from))?;
        io::copy(&mut (&mut self.file).take(self.bytes - from), target).map(drop)
    }

    fn place(mut self, path: &Path) -> Result<(), (io::Error, Kept)> {
        self.put(path).map_err(|cause| (cause, self.copy_elsewhere().map_or(Kept::Nowhere, Self::keep)))
    }

    /// Under a name of its own first, so that `path` never shows a part of the rows.
    fn put(&mut self, path: &Path) -> io::Result<()> {
        let part = part_of(path);
        if !is_left_behind(&part)? {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} stands there", part.display())));
        }
        remove(&part)?;
        let mut file = File::create_new(&part)?;
        let put = self.copy_into(&mut file, 0).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&part, path));
        put.inspect_err(|_| drop(fs::remove_file(&part)))
    }

    /// Leaves the file where it is.
    fn keep(self) -> Kept {
        // A disk that does not take it is told with the failure that led here.
        let _ = self.file.sync_all();
        self.name.and_then(|name| name.keep().ok()).map_or(Kept::Nowhere, Kept::At)
    }
}

/// The fixed name under which rows are written: what a run that was killed leaves there, the next one replaces.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Whether nothing stands at `part`, or what an earlier run had begun.
fn is_left_behind(part: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(part) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        metadata => Ok(metadata?.is_file() && HEADER.join(",").as_bytes().starts_with(&head(part)?)),
    }
}

fn encoded(fields: [&str; 4]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields).and_then(|()| Ok(writer.flush()?)).expect("memory takes rows of four fields");
    writer.into_inner().expect("it was flushed")
}

/// Removes what may stand at `path`.
fn remove(path: &Path) -> io::Result<()> {
    // Asked first: a file system that takes no changes refuses to remove even what is not there.
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => fs::remove_file(path),
    }
}

/// Checks that nothing stands at `path`, or rejected rows of an earlier run.
fn check_free(path: &Path, list: &Path) -> Result<(), Cause> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    // Asked before it is opened: a pipe that nobody writes to would open only when somebody does.
    if !metadata.is_file() {
        return Err(Cause::Irregular);
    }
    // Rejected rows may be imported again: such a list has the header of ours, and is still not ours to replace.
    if fs::metadata(list).is_ok_and(|list| is_same_file(&list, &metadata)) {
        return Err(Cause::TheList);
    }
    if head(path)? == HEADER.join(",").as_bytes() { Ok(()) } else { Err(Cause::OtherFile) }
}

/// As much of a file's beginning as the header would take.
fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEADER.join(",").len() as u64).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_whose_folder_went_away_are_kept_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.csv");
        let mut rejected = Rejected::beside(&list, None, true).unwrap();
        let unfit =
            Unfit { reason: "last_name is blank".to_owned(), first: "Ann, Jr.".to_owned(), last: String::new() };
        rejected.add(2, &unfit);
        fs::remove_dir_all(&folder).unwrap();
        rejected.add(3, &unfit);

        let misplaced = rejected.publish().unwrap_err();
        let kept = misplaced.kept_at().unwrap();
        let text = fs::read_to_string(kept).unwrap();
        fs::remove_file(kept).unwrap();
        assert!(misplaced.to_string().contains("list.rejected.csv"), "{misplaced}");
        assert_eq!(
            text,
            "line,reason,first_name,last_name\n\
             2,last_name is blank,\"Ann, Jr.\",\n\
             3,last_name is blank,\"Ann, Jr.\",\n"
        );
    }
}
