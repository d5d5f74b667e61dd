//! The file of rows that made no customer.

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _};
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
    /// At `path`, or else beside `list`: `customers.csv` gets `customers.rejected.csv`. A file that stands there is
    /// replaced only if it holds rejected rows of an earlier run.
    pub(crate) fn beside(list: &Path, path: Option<&Path>) -> Result<Self, Failure> {
        let path = path.map_or_else(|| list.with_extension("rejected.csv"), Path::to_owned);
        // Rejected rows may be imported again: such a list has the header of ours, and is still not ours to replace.
        let is_the_list = path.canonicalize().is_ok_and(|path| list.canonicalize().is_ok_and(|list| list == path));
        if is_the_list || !is_free(&path).map_err(|cause| Failure::NoPlace { path: path.clone(), cause })? {
            return Err(Failure::OtherFile { path });
        }
        // Tried now and taken away again, so that a folder that takes no file is known before anything is sent, and a
        // program that is killed leaves no empty file.
        match temporary(&path) {
            Ok(_) => Ok(Self { path, writer: None }),
            Err(cause) => Err(Failure::NoPlace { path, cause }),
        }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, line: u64, unfit: &Unfit) -> Result<(), Failure> {
        self.write(line, unfit).map_err(|cause| failed(self.path.clone(), cause))
    }

    /// Puts the file in its place and returns its path. Without rows there is none, and that of an earlier run goes.
    pub(crate) fn publish(self) -> Result<Option<PathBuf>, Failure> {
        let (published, file) = match self.writer {
            Some(writer) => (complete(writer, &self.path), Some(self.path.clone())),
            None => (remove(&self.path), None),
        };
        match published {
            Ok(()) => Ok(file),
            Err(cause) => Err(failed(self.path, cause)),
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
}

fn failed(path: PathBuf, cause: io::Error) -> Failure {
    let then = "name another place with --rejected; running the command again finishes the job";
    Failure::Write { path, cause, then }
}

/// Whether nothing stands at `path`, or rejected rows of an earlier run.
fn is_free(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let ours = HEADER.join(",");
    let mut head = Vec::new();
    file.take(ours.len() as u64).read_to_end(&mut head)?;
    Ok(head == ours.as_bytes())
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
