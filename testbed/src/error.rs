//! What can go wrong with a bed.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a bed, or something in it, does not stand.
#[derive(Debug, thiserror::Error)]
pub enum BedError {
    /// A program that the bed runs is not there.
    #[error("{} is missing: run `make build`", .path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// No PostgreSQL was found.
    #[error(
        "no PostgreSQL {oldest} or newer is here: run `tools/setup test`, install your system's server package (Debian: \
             postgresql), or set {variable} to the folder of its programs"
    )]
    NoPostgres {
        /// The variable that can name its folder.
        variable: &'static str,
        /// The oldest version that will do.
        oldest: u32,
    },
    /// A database refused something.
    #[error("the database refused {doing}: {reason}")]
    Database {
        /// The beginning of the statement.
        doing: String,
        /// Its answer.
        reason: String,
    },
    /// The port that was asked for belongs to someone else.
    #[error("port {port} is taken: choose another one, or none to get a free one")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// No port was free on all addresses.
    #[error("no port is free on {addresses}")]
    NoFreePort {
        /// The addresses that it had to be free on.
        addresses: String,
    },
    /// `envoy.yaml` is not what the bed knows how to place on loopback.
    #[error("{}: {reason}", .path.display())]
    EnvoyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A process ended that should have gone on.
    #[error("{name} ended with {status}; its log ends with:\n{log}")]
    Ended {
        /// The process.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {limit:?}{log}")]
    TooLate {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// The ends of the logs that may tell why.
        log: String,
    },
    /// A call that had to succeed failed.
    #[error(transparent)]
    Call(#[from] ticketing_client::CallError),
    /// The customers' file cannot be read.
    #[error("{}: {reason}", .path.display())]
    Customers {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What came out is not what had to.
    #[error("{0}")]
    Unexpected(String),
    /// The operating system refused something.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// Its answer.
        source: io::Error,
    },
    /// A signal asked for the end.
    #[error("stopped by a signal")]
    Stopped,
}

impl BedError {
    /// For `map_err`: what was tried when the operating system refused.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
