//! Runs in files.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::{Builder, NamedTempFile};

use super::fault::LoadFault;
use super::run::Run;

/// Of the file's form; a later one that this program cannot read has a higher number.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Saved {
    load_version: u32,
    runs: Vec<Run>,
}

/// The runs of a file; at least one.
pub(crate) fn read(path: &Path) -> Result<Vec<Run>, LoadFault> {
    let bytes = std::fs::read(path).map_err(|cause| LoadFault::SavedUnreadable(path.to_owned(), cause))?;
    let unfit = |why: String| LoadFault::SavedUnfit(path.to_owned(), why);
    let saved: Saved = serde_json::from_slice(&bytes).map_err(|error| unfit(error.to_string()))?;
    match saved {
        Saved { load_version: VERSION, runs } if !runs.is_empty() => {
            let timeless = runs.iter().find(|run| !run.has_lasted()).map(|run| run.seconds);
            match timeless {
                Some(seconds) => Err(LoadFault::SavedTimeless(path.to_owned(), seconds)),
                None => Ok(runs),
            }
        }
        Saved { load_version: VERSION, .. } => Err(unfit("it has none".to_owned())),
        Saved { load_version, .. } => Err(unfit(format!("its form is {load_version}, known is {VERSION}"))),
    }
}

/// Writes runs; a file of that name is replaced only by a whole one.
pub(crate) fn write(path: &Path, runs: Vec<Run>) -> Result<(), LoadFault> {
    replace(path, |out| {
        serde_json::to_writer(&mut *out, &Saved { load_version: VERSION, runs })?;
        out.write_all(b"\n")
    })
}

/// Writes a file beside its place and moves it there when it is whole.
pub(crate) fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), LoadFault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = || {
        let mut out = io::BufWriter::new(beside(folder)?);
        fill(&mut out)?;
        out.into_inner()?.persist(path)?;
        Ok(())
    };
    whole().map_err(|cause| LoadFault::Unwritable(path.to_owned(), cause))
}

/// Says before a long run, not after it, that a file cannot be written.
pub(crate) fn try_place(path: &Path) -> Result<(), LoadFault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        return Err(LoadFault::Unwritable(path.to_owned(), io::ErrorKind::IsADirectory.into()));
    }
    beside(folder).map(drop).map_err(|cause| LoadFault::Unwritable(path.to_owned(), cause))
}

/// As readable as any other new file: a temporary one would be its owner's alone.
fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)
}
