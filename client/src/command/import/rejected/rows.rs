//! The rows themselves, on their way to a file with a name.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::{HEADER, Kept, head, remove};

/// A temporary file with the header and whole rows.
pub(super) struct Rows {
    file: File,
    /// None where the file has no name, and goes with this program however it ends.
    name: Option<TempPath>,
    bytes: u64,
}

impl Rows {
    /// In the folder of `path`, so that what is missing there is found out at once: rights, or space.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::with_header(tempfile::tempfile_in(folder)?, None)
    }

    /// In the temporary folder, where names are nobody else's to read.
    pub(super) fn elsewhere() -> io::Result<Self> {
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
    pub(super) fn append(&mut self, row: &[u8]) -> io::Result<()> {
        self.file.write_all(row).inspect_err(|_| {
            // What is copied later ends at `bytes` too, should this fail as well.
            let _ = self.file.set_len(self.bytes);
        })?;
        self.bytes += row.len() as u64;
        Ok(())
    }

    pub(super) fn copy_elsewhere(&mut self) -> io::Result<Self> {
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

    pub(super) fn place(mut self, path: &Path) -> Result<(), (io::Error, Kept)> {
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
    pub(super) fn keep(self) -> Kept {
        // A disk that does not take it is told with the failure that led here.
        let _ = self.file.sync_all();
        self.name.and_then(|name| name.keep().ok()).map_or(Kept::Nowhere, Kept::At)
    }
}

/// The fixed name under which rows are written: what a run that was killed leaves there, the next one replaces.
pub(super) fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Whether nothing stands at `part`, or what an earlier run had begun.
pub(super) fn is_left_behind(part: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(part) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        metadata => Ok(metadata?.is_file() && HEADER.join(",").as_bytes().starts_with(&head(part)?)),
    }
}

pub(super) fn encoded(fields: [&str; 4]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields).and_then(|()| Ok(writer.flush()?)).expect("memory takes rows of four fields");
    writer.into_inner().expect("it was flushed")
}
