use std::io;
use std::path::PathBuf;

/// A file of a load that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadFault {
    #[error("{0:?} cannot be read: {1}; give a file with one id a line")]
    IdsUnreadable(PathBuf, io::Error),
    #[error("{0:?} has more than 64 MiB: is it a list of ids, one a line?")]
    IdsTooMany(PathBuf),
    #[error("{0:?} has no id in it; write one a line, or leave out --ids to take them from the service's list")]
    NoIds(PathBuf),
    #[error("{0:?} cannot be read: {1}; give a file that `load --save` wrote")]
    SavedUnreadable(PathBuf, io::Error),
    #[error("{0:?} does not hold runs of a load: {1}; give a file that `load --save` wrote")]
    SavedUnfit(PathBuf, String),
    #[error(
        "{0:?} holds a run that lasted {1} s, in which nothing can be measured (was it interrupted in its warm-up?); \
         leave that file out"
    )]
    SavedTimeless(PathBuf, f64),
    #[error("runs of {0:?} are among these files already, and would count double; name each run once")]
    MergedTwice(PathBuf),
    #[error("{0:?} is named for two things, of which one would be lost; give --html and --save files of their own")]
    Twofold(PathBuf),
    #[error("cannot write {0:?}: {1}; choose a place that can be written to")]
    Unwritable(PathBuf, io::Error),
}
