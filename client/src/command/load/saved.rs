//! Runs in files.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags, access, fcntl_setfl};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use tempfile::{Builder, NamedTempFile};

use super::fault::LoadFault;
use super::run::Run;

/// Of the file's form; a later one that this program cannot read has a higher number.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Saved<Runs> {
    load_version: u32,
    runs: Runs,
}

/// The runs of a file; at least one.
pub(crate) fn read(path: &Path) -> Result<Vec<Run>, LoadFault> {
    let bytes = std::fs::read(path).map_err(|cause| LoadFault::SavedUnreadable(path.to_owned(), cause))?;
    let unfit = |why: String| LoadFault::SavedUnfit(path.to_owned(), why);
    let saved: Saved<Vec<Run>> = serde_json::from_slice(&bytes).map_err(|error| unfit(error.to_string()))?;
    match saved {
        Saved { load_version: VERSION, runs } if !runs.is_empty() => {
            let timeless = runs.iter().find(|run| !run.may_have_lasted()).map(|run| run.seconds);
            match timeless {
                Some(seconds) => Err(LoadFault::SavedTimeless(path.to_owned(), seconds)),
                None => Ok(runs),
            }
        }
        Saved { load_version: VERSION, .. } => Err(unfit("it has none".to_owned())),
        Saved { load_version, .. } => Err(unfit(format!("its form is {load_version}, known is {VERSION}"))),
    }
}

/// Writes what there is of runs that are not all made yet; nothing into a pipe or a device, which take them once.
pub(crate) fn write_so_far(path: &Path, runs: &[Run]) -> Result<(), LoadFault> {
    match Way::to(path) {
        Ok(Way::Straight) => Ok(()),
        _ => write(path, runs),
    }
}

/// Writes runs; a file of that name is replaced only by a whole one.
pub(crate) fn write(path: &Path, runs: &[Run]) -> Result<(), LoadFault> {
    replace(path, |out| {
        serde_json::to_writer(&mut *out, &Saved { load_version: VERSION, runs })?;
        out.write_all(b"\n")
    })
}

/// How a path is written to.
enum Way {
    /// Beside it, and moved there when it is whole. Links are followed, and a file that is there keeps its permissions.
    Moved { file: PathBuf, permissions: Permissions },
    /// Straight into what is no file: a device, a pipe. It cannot be replaced, and must not be.
    Straight,
}

impl Way {
    fn to(path: &Path) -> io::Result<Self> {
        let new_file = |file: &Path| Self::Moved { file: file.to_owned(), permissions: Permissions::from_mode(0o666) };
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(there) if there.is_file() => {
                // Whoever may not write to it may not replace it either.
                OpenOptions::new().write(true).open(path)?;
                Ok(Self::Moved { file: path.canonicalize()?, permissions: there.permissions() })
            }
            Ok(_) => Ok(Self::Straight),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(match fs::read_link(path) {
                Ok(missing) => new_file(&folder_of(path).join(missing)),
                Err(_) => new_file(path),
            }),
            Err(error) => Err(error),
        }
    }
}

/// Writes a file that is there only when it is whole, or straight into what is no file.
pub(crate) fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), LoadFault> {
    let written = || match Way::to(path)? {
        Way::Moved { file, permissions } => {
            let mut out = io::BufWriter::new(beside(&file, permissions)?);
            fill(&mut out)?;
            out.into_inner()?.persist(file)?;
            Ok(())
        }
        Way::Straight => {
            let mut out = io::BufWriter::new(open(path)?);
            fill(&mut out)?;
            out.flush()
        }
    };
    written().map_err(|cause| LoadFault::Unwritable(path.to_owned(), cause))
}

/// Opens what is no file. A pipe that nobody reads would keep us waiting for somebody, for ever and deaf to signals.
fn open(path: &Path) -> io::Result<File> {
    let at_once = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().write(true).custom_flags(at_once).open(path);
    let file = file.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::NXIO) => io::Error::other("nobody reads it"),
        _ => error,
    })?;
    fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

/// Says before a long run, not after it, that a file cannot be written.
pub(crate) fn try_place(path: &Path) -> Result<(), LoadFault> {
    let tried = || match Way::to(path)? {
        Way::Moved { file, permissions } => beside(&file, permissions).map(drop),
        Way::Straight => Ok(()),
    };
    tried().map_err(|cause| LoadFault::Unwritable(path.to_owned(), cause))
}

/// A temporary one would be its owner's alone. Its own name, which an error would tell, says nothing to anybody.
fn beside(file: &Path, permissions: Permissions) -> io::Result<NamedTempFile> {
    let folder = folder_of(file);
    // In the system's own words, which an error of the temporary file has not.
    access(folder, Access::WRITE_OK | Access::EXEC_OK)?;
    Builder::new().permissions(permissions).tempfile_in(folder).map_err(|error| error.kind().into())
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
