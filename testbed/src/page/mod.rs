//! Pages of docs/ whose prose is written by hand, and whose measured parts are not: they stand between markers.

mod bars;
mod findings;

use std::fs;
use std::path::{Path, PathBuf};

pub use bars::{Bars, Row, number};
pub use findings::{json, read, today};

use crate::{BedError, binaries};

/// A page that is being filled in.
#[derive(Debug)]
pub struct Page {
    path: PathBuf,
    text: String,
}

impl Page {
    /// A file, by its path in the repository.
    pub fn open(path: &str) -> Result<Self, BedError> {
        let path = binaries::repository().join(path);
        let text = fs::read_to_string(&path).map_err(BedError::io(format!("read {}", path.display())))?;
        Ok(Self { path, text })
    }

    /// Puts `content` between the markers `<!-- measured: NAME -->` and `<!-- /measured -->`.
    pub fn fill(&mut self, name: &str, content: &str) -> Result<(), BedError> {
        let (begin, end) = (format!("<!-- measured: {name} -->\n"), "<!-- /measured -->");
        let unfit = || BedError::Unexpected(format!("{} has no place for {name}: {begin}…{end}", self.path.display()));
        let (before, rest) = self.text.split_once(&begin).ok_or_else(unfit)?;
        let (_, after) = rest.split_once(end).ok_or_else(unfit)?;
        self.text = format!("{before}{begin}{}\n{end}{after}", content.trim_end());
        Ok(())
    }

    /// The page as it is now.
    pub fn text(self) -> String {
        self.text
    }
}

/// Writes a file, by its path in the repository, and makes its folder where there is none.
pub fn write(path: &Path, text: &str) -> Result<(), BedError> {
    let full = binaries::repository().join(path);
    let folder = full.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).map_err(BedError::io(format!("make {}", folder.display())))?;
    fs::write(&full, text).map_err(BedError::io(format!("write {}", path.display())))
}

/// A row (or the heads): what it is about, and its cells.
pub fn named(name: impl Into<String>, cells: impl IntoIterator<Item = String>) -> Vec<String> {
    [name.into()].into_iter().chain(cells).collect()
}

/// Rows as Markdown; all columns but the first hold numbers.
pub fn table(heads: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("| --- |{}\n", " ---: |".repeat(heads.len() - 1));
    [line(heads), rule].into_iter().chain(rows.iter().map(|row| line(row))).collect()
}
