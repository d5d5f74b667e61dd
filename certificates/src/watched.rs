//! Files that are looked at again and again.

use std::path::PathBuf;

use crate::Fingerprint;

/// Files, and what their last state came to.
#[derive(Debug)]
pub struct Watched {
    files: Vec<PathBuf>,
    seen: Option<Fingerprint>,
    /// How many looks in a row found these same files unfit. The first may have seen half of a change: two files are not
    /// exchanged at once.
    unfit: u32,
}

impl Watched {
    /// These files; at the first look they count as changed.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { files: files.into_iter().collect(), seen: None, unfit: 0 }
    }

    /// What `read` makes of files that have changed since the last look, or were unfit then: a certificate that is not valid
    /// yet becomes so, and a file that could not be read may be now. That they are unfit is told once, and only when they are
    /// still the same at the next look.
    pub fn look<T, E>(&mut self, read: impl FnOnce() -> Result<T, E>) -> Option<Result<T, E>> {
        let now = Fingerprint::of(&self.files);
        let same = self.seen.as_ref() == Some(&now);
        if same && self.unfit == 0 {
            return None;
        }
        self.seen = Some(now);
        let found = read();
        self.unfit = match (&found, same) {
            (Ok(_), _) => 0,
            (Err(_), false) => 1,
            (Err(_), true) => self.unfit.saturating_add(1),
        };
        matches!(self.unfit, 0 | 2).then_some(found)
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
        assert_eq!(watched.look(unfit), None);
        fs::write(&file, "fit").unwrap();
        assert_eq!(watched.look(|| Ok::<_, &str>(())), Some(Ok(())));
    }

    #[test]
    fn what_was_unfit_is_used_once_it_is_fit_though_no_file_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = Watched::new([folder.path().join("file")]);
        let looks =
            [false, false, false, true, true].map(|fit| watched.look(|| fit.then_some(()).ok_or("not yet valid")));
        assert_eq!(looks, [None, Some(Err("not yet valid")), None, Some(Ok(())), None]);
    }
}
