//! The file of rows that made no customer.

mod rows;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use self::rows::{Rows, encoded, is_left_behind, part_of};
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
