//! The file of rows that made no customer.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::row::Unfit;
use crate::exit::Failure;

const HEADER: [&str; 4] = ["line", "reason", "first_name", "last_name"];

/// Collects rejected rows in a temporary file, which takes its place and name only when it is complete.
pub(crate) struct Rejected {
    path: PathBuf,
    writer: Option<csv::Writer<NamedTempFile>>,
}

impl Rejected {
    /// At `path`, or else beside `list`: `customers.csv` gets `customers.rejected.csv`.
    pub(crate) fn beside(list: &Path, path: Option<&Path>) -> Self {
        Self { path: path.map_or_else(|| list.with_extension("rejected.csv"), Path::to_owned), writer: None }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, line: u64, unfit: &Unfit) -> Result<(), Failure> {
        self.write(line, unfit).map_err(|cause| self.failed(cause))
    }

    /// Puts the file in its place and returns its path. Without rows there is none, and that of an earlier run goes.
    pub(crate) fn publish(mut self) -> Result<Option<PathBuf>, Failure> {
        let published = match self.writer.take() {
            Some(writer) => complete(writer, &self.path).map(|()| true),
            None => remove(&self.path).map(|()| false),
        };
        match published {
            Ok(true) => Ok(Some(self.path)),
            Ok(false) => Ok(None),
            Err(cause) => Err(self.failed(cause)),
        }
    }

    fn write(&mut self, line: u64, unfit: &Unfit) -> io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let mut writer = csv::Writer::from_writer(temporary(&self.path)?);
                writer.write_record(HEADER)?;
                none.insert(writer)
            }
        };
        writer.write_record([&line.to_string(), &unfit.reason, &unfit.first, &unfit.last])?;
        Ok(())
    }

    fn failed(&self, cause: io::Error) -> Failure {
        let then = "name another place with --rejected; running the command again finishes the job";
        Failure::Write { path: self.path.clone(), cause, then }
    }
}

/// In the same folder, so that it can be renamed into place.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(".rejected-")
        .suffix(".csv")
        // As any file that a program makes: the umask decides.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
}

fn complete(writer: csv::Writer<NamedTempFile>, path: &Path) -> io::Result<()> {
    let file = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
