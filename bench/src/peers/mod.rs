//! Who is compared: each a process that keeps customers and answers the same three calls.

mod running;
mod versions;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use testbed::{BedError, binaries};

pub(crate) use running::{Cost, Running, first_customer, target};
pub(crate) use versions::{envoy, generator, version};

/// The customer that everybody is asked for.
pub(crate) const FIRST_NAME: &str = "Friederike";
pub(crate) const LAST_NAME: &str = "Dvořáková";
/// Customers that everybody has, and that a list asks for.
pub(crate) const PAGE_SIZE: i32 = 100;

const DESCRIPTORS: &str = "target/peers/ticketing.descriptors";

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Peer {
    /// The product with its defaults and one queue: cache, validation, metrics, limits, `x-pod-name`, logs.
    Ours,
    /// The same with two queues.
    OursTwoQueues,
    /// The same with one queue and a write for each answer.
    OursUncorked,
    /// The same with one queue and `METRICS=off`.
    OursUnmetered,
    /// grpcio as it comes, one queue.
    Stock,
    /// tonic with two workers.
    Tonic,
    /// tonic on tokio's current_thread.
    TonicOneThread,
    /// gRPC C++, asynchronous with one queue.
    CppAsync,
    /// gRPC C++ with callbacks, on the threads that it chooses.
    CppCallback,
    /// grpc-go.
    Go,
    /// Python's grpcio with a pool of threads.
    Python,
}

impl Peer {
    /// Those whose costs are compared.
    pub(crate) const ALL: [Self; 10] = [
        Self::Ours,
        Self::OursTwoQueues,
        Self::OursUncorked,
        Self::Stock,
        Self::Tonic,
        Self::TonicOneThread,
        Self::CppAsync,
        Self::CppCallback,
        Self::Go,
        Self::Python,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursTwoQueues => "ours, two queues",
            Self::OursUncorked => "ours, not corked",
            Self::OursUnmetered => "ours, without metrics",
            Self::Stock => "grpcio as it comes",
            Self::Tonic => "tonic, 2 workers",
            Self::TonicOneThread => "tonic, current_thread",
            Self::CppAsync => "C++, async",
            Self::CppCallback => "C++, callback",
            Self::Go => "grpc-go",
            Self::Python => "Python",
        }
    }

    /// About how much more than ours a call costs it, so that nobody waits for the slow ones.
    pub(crate) const fn slowness(self) -> usize {
        match self {
            Self::Python => 16,
            _ => 1,
        }
    }

    /// Puts its command line behind that of `launcher`.
    fn command<'a>(
        self,
        launcher: &'a mut Command,
        address: SocketAddr,
        folder: &Path,
    ) -> Result<&'a mut Command, BedError> {
        let address = address.to_string();
        let command = launcher.env_clear().arg(self.program()?);
        match self {
            Self::Ours | Self::OursTwoQueues | Self::OursUncorked | Self::OursUnmetered => {
                let queues = if self == Self::OursTwoQueues { "2" } else { "1" };
                let on_unless = |off| if self == off { "off" } else { "on" };
                let (corking, metrics) = (on_unless(Self::OursUncorked), on_unless(Self::OursUnmetered));
                command
                    .args(["--listen-addr", &address, "--admin-addr", "127.0.0.1:0", "--pod-name", "app-server-1"])
                    .args(["--workers", queues, "--corking", corking, "--metrics", metrics])
                    .args(["--database-url", &format!("sqlite:{}", folder.join("customers.db").display())]);
            }
            Self::Stock => drop(command.args([&address, "1"])),
            Self::Tonic => drop(command.args([&address, "2"])),
            Self::TonicOneThread => drop(command.args([&address, "0"])),
            Self::CppAsync => drop(command.args([&address, "async"])),
            Self::CppCallback => drop(command.args([&address, "callback"])),
            Self::Go => drop(command.arg(&address)),
            Self::Python => {
                command.arg("-I").arg(built("bench/peers/python/peer.py")?).arg(&address).arg(built(DESCRIPTORS)?);
            }
        }
        Ok(command)
    }

    pub(crate) fn program(self) -> Result<PathBuf, BedError> {
        match self {
            Self::Ours | Self::OursTwoQueues | Self::OursUncorked | Self::OursUnmetered => binaries::server(),
            Self::Stock => built("target/release/peer-stock"),
            Self::Tonic | Self::TonicOneThread => built("target/release/peer-tonic"),
            Self::CppAsync | Self::CppCallback => built("target/peers/peer-cpp"),
            Self::Go => built("target/peers/peer-go"),
            Self::Python => binaries::python(),
        }
    }
}

fn built(path: &str) -> Result<PathBuf, BedError> {
    let path = binaries::repository().join(path);
    if path.is_file() {
        Ok(path)
    } else {
        Err(BedError::Unexpected(format!("{} is missing: run `make bench-build`", path.display())))
    }
}
