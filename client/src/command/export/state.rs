//! How far the part of an export is to be trusted, and where it goes on: a file of checkpoints, each a line.
//!
//! Lines are only added, and each only after the part is on disk as far as the line says. So any line that is whole is
//! true, and what a sudden end leaves of the last one costs a page.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use super::checkpoint::{self, Checkpoint};
use super::fault::ExportFault;
use super::place::fault;
use crate::command::same_file::is_same_file;

/// The first line, by which a state is known.
const HEAD: &[u8] = b"{\"state_of\":\"ticketing-client export\",\"version\":1}\n";

/// A state that no other process writes.
#[derive(Debug)]
pub(crate) struct State {
    path: PathBuf,
    file: File,
}

impl State {
    /// A new one, without checkpoints.
    pub(crate) fn begin(path: PathBuf) -> Result<Self, ExportFault> {
        let created = File::options().read(true).write(true).create_new(true).open(&path);
        let mut state = Self { file: created.map_err(|cause| fault("create", &path, cause))?, path };
        state.lock()?;
        state.begin_anew()?;
        Ok(state)
    }

    /// One that stands there; none if the file is no state. One that was hardly begun is a state only if `is_alone`,
    /// without a part.
    pub(crate) fn open(path: PathBuf, is_alone: bool) -> Result<Option<Self>, ExportFault> {
        let opened = File::options().read(true).write(true).open(&path);
        let mut state = Self { file: opened.map_err(|cause| fault("open", &path, cause))?, path };
        state.lock()?;
        let mut head = Vec::new();
        (&state.file).take(HEAD.len() as u64).read_to_end(&mut head).map_err(|cause| state.fault("read", cause))?;
        if head == HEAD {
            Ok(Some(state))
        } else if is_alone && HEAD.starts_with(&head) {
            state.begin_anew()?;
            Ok(Some(state))
        } else {
            Ok(None)
        }
    }

    /// The last checkpoint of a part that has `bytes` bytes; what comes after it is forgotten.
    pub(crate) fn go_back(&mut self, bytes: u64) -> Result<Option<Checkpoint>, ExportFault> {
        let found = self.last_within(bytes).and_then(|(checkpoint, end)| {
            self.file.set_len(end)?;
            self.file.seek(SeekFrom::Start(end))?;
            Ok(checkpoint)
        });
        found.map_err(|cause| self.fault("read", cause))
    }

    /// Adds a checkpoint, for good.
    pub(crate) fn add(&mut self, checkpoint: &Checkpoint) -> Result<(), ExportFault> {
        let mut line = serde_json::to_vec(checkpoint).expect("numbers and texts have a form in JSON");
        line.push(b'\n');
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(|cause| self.fault("write", cause))
    }

    /// Removes it, once there is no part any more.
    pub(crate) fn remove(self) {
        // A state that stays, without a part, is begun anew by the next export.
        let _ = fs::remove_file(&self.path);
    }

    fn last_within(&mut self, bytes: u64) -> io::Result<(Option<Checkpoint>, u64)> {
        let begin = HEAD.len() as u64;
        self.file.seek(SeekFrom::Start(begin))?;
        let (last, end) = checkpoint::last_within(BufReader::new(&self.file), bytes)?;
        Ok((last, begin + end))
    }

    fn begin_anew(&mut self) -> Result<(), ExportFault> {
        let begun = self
            .file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| self.file.write_all(HEAD))
            .and_then(|()| self.file.sync_data());
        begun.map_err(|cause| self.fault("write", cause))
    }

    fn lock(&self) -> Result<(), ExportFault> {
        let is_ours = match self.file.try_lock() {
            Err(TryLockError::WouldBlock) => false,
            // Whoever held it has finished meanwhile, if the file that was opened is no longer there. A file system
            // without locks has none that could be held.
            Ok(()) | Err(TryLockError::Error(_)) => self
                .file
                .metadata()
                .is_ok_and(|held| fs::metadata(&self.path).is_ok_and(|standing| is_same_file(&held, &standing))),
        };
        if is_ours { Ok(()) } else { Err(ExportFault::Busy(self.path.with_extension(""))) }
    }

    fn fault(&self, deed: &'static str, cause: io::Error) -> ExportFault {
        fault(deed, &self.path, cause)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn checkpoint(rows: u64) -> Checkpoint {
        let (page, last, next) = ("before".to_owned(), format!("id {rows}"), "after".to_owned());
        Checkpoint { rows, bytes: rows * 10, page, last, next }
    }

    /// A state with checkpoints at 10, 20 and 30 bytes, and its folder.
    fn state() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut state = State::begin(path.clone()).unwrap();
        (1..=3).for_each(|rows| state.add(&checkpoint(rows)).unwrap());
        (folder, path)
    }

    #[test]
    fn the_last_checkpoint_that_the_part_reaches_counts_and_later_ones_are_forgotten() {
        let (_folder, path) = state();
        let mut state = State::open(path, false).unwrap().unwrap();
        assert_eq!(state.go_back(35).unwrap(), Some(checkpoint(3)));
        assert_eq!(state.go_back(29).unwrap(), Some(checkpoint(2)));
        assert_eq!(state.go_back(35).unwrap(), Some(checkpoint(2)));
        state.add(&checkpoint(4)).unwrap();
        assert_eq!(state.go_back(40).unwrap(), Some(checkpoint(4)));
        assert_eq!(state.go_back(9).unwrap(), None);
    }

    #[test]
    fn any_length_that_a_sudden_end_leaves_has_the_checkpoints_that_are_whole() {
        let (_folder, path) = state();
        let whole = fs::read(&path).unwrap();
        for length in HEAD.len()..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let whole_lines = whole[..length].split(|byte| *byte == b'\n').count() as u64 - 1;
            let found = State::open(path.clone(), false).unwrap().unwrap().go_back(u64::MAX).unwrap();
            assert_eq!(found.map_or(0, |checkpoint| checkpoint.rows), whole_lines - 1, "{length}");
        }
    }

    #[test]
    fn a_state_that_was_hardly_begun_is_one_only_without_a_part() {
        let (_folder, path) = state();
        fs::write(&path, &HEAD[..9]).unwrap();
        assert!(State::open(path.clone(), false).unwrap().is_none());
        assert!(State::open(path.clone(), true).unwrap().is_some());
        fs::write(&path, "mine").unwrap();
        assert!(State::open(path, true).unwrap().is_none());
    }

    #[test]
    fn a_state_is_written_by_one_at_a_time() {
        let (_folder, path) = state();
        let _held = State::open(path.clone(), false).unwrap();
        assert!(matches!(State::open(path, false), Err(ExportFault::Busy(_))));
    }
}
