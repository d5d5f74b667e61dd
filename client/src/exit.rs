//! How the program ends.

use std::io;
use std::process::ExitCode;

use ticketing_client::{BadTarget, CallError, TlsFault};

/// What a command that came to its end has to say with the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    Usage,
    Partly,
    Interrupted,
}

impl Exit {
    pub(crate) const ALL: [Self; 5] = [Self::Done, Self::Failed, Self::Usage, Self::Partly, Self::Interrupted];

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Partly => 3,
            Self::Interrupted => 130,
        }
    }

    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => {
                "the call failed, or all calls of a watch or load; not serving; a fault that the doctor found; an import or export had to stop"
            }
            Self::Usage => "bad usage, or a file that cannot be used; nothing was sent",
            Self::Partly => "partly done: an import with rejected rows, a watch or load with some failed calls",
            Self::Interrupted => "interrupted by SIGINT or SIGTERM before the work was done",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The exit codes, for `--help`.
pub(crate) fn help() -> String {
    Exit::ALL
        .iter()
        .fold("Exit codes:".to_owned(), |text, exit| format!("{text}\n  {:<4} {}", exit.code(), exit.meaning()))
}

/// Why a command could not come to its end. Each displays as one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Arguments or settings that cannot be meant.
    #[error("{0}")]
    Usage(String),
    #[error("SERVER_DOMAIN (--server-domain) or SERVER_PORT (--server-port): {0}")]
    Target(#[from] BadTarget),
    /// A file that is refused before anything is sent.
    #[error("{0}")]
    File(#[from] crate::command::FileFault),
    /// A file that is no longer what it was when it was checked.
    #[error("{0}; running the command again, once the file is whole, finishes the job")]
    FileChanged(crate::command::FileFault),
    #[error("{0}")]
    Call(#[from] CallError),
    /// No call was possible for want of encryption that both sides agree on.
    #[error("cannot reach {}: {fault}; {}", .cause.target, .fault.advice())]
    Tls { cause: Box<CallError>, fault: Box<TlsFault> },
    /// The same amid a job that can be finished later.
    #[error("cannot reach {}: {fault}; {}; {then}", .cause.target, .fault.advice())]
    TlsUnfinished { cause: Box<CallError>, fault: Box<TlsFault>, then: String },
    /// A call that can be finished later, by what is said in `then`.
    #[error("{cause}; {then}")]
    Unfinished { cause: Box<CallError>, then: String },
    /// Nothing was sent.
    #[error("{0}")]
    NoPlace(#[from] crate::command::NoPlace),
    /// A file that is refused before anything is written to it.
    #[error("{0}")]
    Export(#[from] crate::command::ExportFault),
    #[error("{0}; running the command again, once that is mended, goes on from there")]
    ExportCut(crate::command::ExportFault),
    /// A file of a load that is refused before any call of it.
    #[error("{0}")]
    Load(#[from] crate::command::LoadFault),
    /// A file that could not be written when the load was done.
    #[error("{0}")]
    LoadLost(crate::command::LoadFault),
    /// Everything was sent.
    #[error("{0}")]
    Misplaced(crate::command::Misplaced),
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Target(_) | Self::File(_) | Self::NoPlace(_) | Self::Export(_) | Self::Load(_) => {
                Exit::Usage
            }
            // Whoever reads our output has seen enough.
            Self::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::FileChanged(_)
            | Self::Call(_)
            | Self::Unfinished { .. }
            | Self::Tls { .. }
            | Self::TlsUnfinished { .. }
            | Self::ExportCut(_)
            | Self::LoadLost(_)
            | Self::Misplaced(_)
            | Self::Signals(_)
            | Self::Output(_) => Exit::Failed,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// Whether there is nobody to whom this would be news.
    pub(crate) fn is_silent(&self) -> bool {
        self.exit() == Exit::Done
    }

    /// The same with what is wrong with the encryption, where it is a call that reached nobody.
    pub(crate) fn because_of(self, fault: TlsFault) -> Self {
        let fault = Box::new(fault);
        match self {
            Self::Call(cause) => Self::Tls { cause: Box::new(cause), fault },
            Self::Unfinished { cause, then } => Self::TlsUnfinished { cause, fault, then },
            other => other,
        }
    }

    /// The failed call, where it was one.
    pub(crate) fn call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error),
            Self::Unfinished { cause, .. } | Self::Tls { cause, .. } | Self::TlsUnfinished { cause, .. } => Some(cause),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure() {
        assert_eq!(Failure::Output(io::ErrorKind::BrokenPipe.into()).exit(), Exit::Done);
        assert_eq!(Failure::Output(io::ErrorKind::StorageFull.into()).exit(), Exit::Failed);
    }

    #[test]
    fn a_bad_target_is_bad_usage() {
        assert_eq!(Failure::Target(BadTarget::Port).exit(), Exit::Usage);
    }
}
