//! Where an export goes, and what stands beside it until it is whole.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::fault::ExportFault;

/// The names of an export's files, all in one folder so that the last step is a rename.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The whole export, and nothing less.
    pub(crate) file: PathBuf,
    /// The customers so far.
    pub(crate) part: PathBuf,
    /// How far `part` is to be trusted, and where to go on.
    pub(crate) state: PathBuf,
    /// Whether a file that stands at `file` may be replaced.
    replaces: bool,
}

impl Place {
    /// Checks that `file` is free, or may be replaced.
    pub(crate) fn check(file: &Path, replaces: bool) -> Result<Self, ExportFault> {
        let irregular = || ExportFault::Irregular(file.to_owned());
        let name = file.file_name().filter(|name| *name != "-").ok_or_else(irregular)?;
        let beside = |suffix: &str| file.with_file_name([name, OsStr::new(suffix)].join(OsStr::new("")));
        let place = Self { file: beside(""), part: beside(".part"), state: beside(".part.state"), replaces };
        if is_there(&place.file)? && !replaces {
            return Err(ExportFault::Exists(place.file));
        }
        Ok(place)
    }

    /// Gives the part the name of the whole.
    pub(crate) fn put(&self) -> Result<(), ExportFault> {
        if self.replaces {
            return fs::rename(&self.part, &self.file).map_err(|cause| fault("write", &self.file, cause));
        }
        // Also a file that came while the export went on is not replaced.
        let part = TempPath::try_from_path(&self.part).map_err(|cause| fault("write", &self.file, cause))?;
        part.persist_noclobber(&self.file).map_err(|refused| {
            // It was temporary for the rename only; keeping it is to forget that.
            let _ = refused.path.keep();
            match refused.error.kind() {
                io::ErrorKind::AlreadyExists => ExportFault::Exists(self.file.clone()),
                _ => fault("write", &self.file, refused.error),
            }
        })
    }

    /// Makes what was created or renamed in the folder last through a loss of power.
    pub(crate) fn sync_folder(&self) -> Result<(), ExportFault> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|cause| fault("write", folder, cause))
    }
}

/// Whether a regular file stands at `path`. Asked before anything is opened: opening a pipe would wait for its reader.
pub(crate) fn is_there(path: &Path) -> Result<bool, ExportFault> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(true),
        Ok(_) => Err(ExportFault::Irregular(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(fault("look at", path, cause)),
    }
}

pub(crate) fn fault(deed: &'static str, path: &Path, cause: io::Error) -> ExportFault {
    ExportFault::Disk { deed, path: path.to_owned(), cause }
}
