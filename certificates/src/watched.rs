//! Files that are looked at again and again.

use std::path::PathBuf;

use crate::Fingerprint;

/// Files, and what their last state came to.
#[derive(Debug)]
pub struct Watched {
    files: Vec<PathBuf>,
    seen: Option<Fingerprint>,
    /// They did not fit when they were last looked at. That may be half of a change: two files are not exchanged at once.
    doubted: bool,
}

impl Watched {
    /// These files; at the first look they count as changed.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { files: files.into_iter().collect(), seen: None, doubted: false }
    }

    /// What `read` makes of files that have changed since the last look. That they are unfit is told once, and only when they
    /// are still the same at the next look.
    pub fn look<T, E>(&mut self, read: impl FnOnce() -> Result<T, E>) -> Option<Result<T, E>> {
        let now = Fingerprint::of(&self.files);
        let same = self.seen.as_ref() == Some(&now);
        if same && !self.doubted {
            return None;
        }
        self.seen = Some(now);
        let found = read();
        self.doubted = found.is_err() && !same;
        if self.doubted { None } else { Some(found) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_has_not_changed_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "1").unwrap();
        let mut watched = Watched::new([file.clone()]);
        let read = || fs::read_to_string(&file).map_err(|_| ());
        assert_eq!(watched.look(read), Some(Ok("1".to_owned())));
        assert_eq!(watched.look(read), None);
        fs::write(&file, "22").unwrap();
        assert_eq!(watched.look(read), Some(Ok("22".to_owned())));
    }

    #[test]
    fn half_of_a_change_is_no_fault_and_what_stays_unfit_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let mut watched = Watched::new([file.clone()]);
        let unfit = || Err::<(), _>("unfit");
        assert_eq!(watched.look(unfit), None, "it may be half of a change");
        assert_eq!(watched.look(unfit), Some(Err("unfit")));
        assert_eq!(watched.look(unfit), None);
        fs::write(&file, "fit").unwrap();
        assert_eq!(watched.look(|| Ok::<_, &str>(())), Some(Ok(())));
    }
}
