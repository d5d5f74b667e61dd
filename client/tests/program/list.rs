//! Customer lists in folders of their own.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::program::run;

/// A folder of its own with one list in it.
pub(crate) struct List {
    pub(crate) folder: TempDir,
}

impl List {
    pub(crate) fn of(content: impl AsRef<[u8]>) -> Self {
        let list = Self { folder: tempfile::tempdir().unwrap() };
        list.replace(content);
        list
    }

    pub(crate) fn replace(&self, content: impl AsRef<[u8]>) {
        fs::write(self.path(), content).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("list.csv")
    }

    pub(crate) fn rejected(&self) -> PathBuf {
        self.folder.path().join("list.rejected.csv")
    }

    /// All that is there, temporary files too.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

pub(crate) const FIVE: &str = "first_name,last_name\nAnn,Lee\nBo,Li\nCy,Ng\nDi,Oh\nEd,Po\n";

/// The names that are stored, in order.
pub(crate) fn stored(port: u16) -> Vec<String> {
    let listed = run(port, &["list", "--all"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    let mut names: Vec<_> =
        listed.out.lines().map(|line| line.split_once('\t').unwrap().1.replace('\t', " ")).collect();
    names.sort();
    names
}
