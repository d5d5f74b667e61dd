use std::io;
use std::path::PathBuf;

/// Why an export cannot write its file. Displays as one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportFault {
    #[error("{} stands there already; replace it with --force, or name another file", .0.display())]
    Exists(PathBuf),
    #[error("{} is not a regular file (but a folder, a device, a pipe or a link), and only that can be put in place when it is whole; name another file", .0.display())]
    Irregular(PathBuf),
    #[error("{} is being written by another export; wait for its end, or name another file", .0.display())]
    Busy(PathBuf),
    /// Without a state that says so, it may be anything.
    #[error("{} is no part of an export that can go on; move it away, or remove it and {} to begin anew", part.display(), state.display())]
    Foreign { part: PathBuf, state: PathBuf },
    #[error("{} was begun from a service with other customers; go on with that one, or remove it and {} to begin anew", part.display(), state.display())]
    OtherService { part: PathBuf, state: PathBuf },
    #[error("cannot {deed} {}: {cause}", path.display())]
    Disk { deed: &'static str, path: PathBuf, cause: io::Error },
}
