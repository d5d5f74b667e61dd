//! Which versions were compared: a figure about somebody else's work is worth nothing without.

use std::fs;
use std::process::Command;

use testbed::{BedError, binaries};

use super::Peer;

/// What a peer is made of, for people; `grpcio 0.13.0 (C-core 1.56.2)`.
pub(crate) fn version(peer: Peer) -> Result<String, BedError> {
    match peer {
        Peer::Ours | Peer::OursTwoQueues | Peer::OursUncorked | Peer::OursUnmetered => {
            said(&mut Command::new(binaries::server()?))
        }
        Peer::Stock => Ok(format!("grpcio {}, grpcio-sys {}", locked("grpcio")?, locked("grpcio-sys")?)),
        Peer::Tonic | Peer::TonicOneThread => {
            Ok(format!("tonic {}, h2 {}, tokio {}", locked("tonic")?, locked("h2")?, locked("tokio")?))
        }
        Peer::CppAsync | Peer::CppCallback | Peer::Go => said(&mut Command::new(peer.program()?)),
        Peer::Python => said(Command::new(peer.program()?).arg("-I").arg(super::built("bench/peers/python/peer.py")?)),
    }
}

/// As `generator` says of itself.
pub(crate) fn generator() -> Result<String, BedError> {
    said(&mut Command::new("h2load"))
}

/// The version of Envoy alone, out of a line that also names its commit and its build.
pub(crate) fn envoy() -> Result<String, BedError> {
    let line = said(&mut Command::new(binaries::envoy()?))?;
    of_envoy(&line).ok_or_else(|| BedError::Unexpected(format!("Envoy tells no version: {line}")))
}

fn of_envoy(line: &str) -> Option<String> {
    let (_, version) = line.split_once("version: ")?;
    version.split('/').nth(1).map(str::to_owned)
}

fn said(command: &mut Command) -> Result<String, BedError> {
    let doing = format!("ask {} for its version", command.get_program().display());
    let output = command.arg("--version").output().map_err(BedError::io(doing))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A crate's version in this workspace's lock file.
fn locked(name: &str) -> Result<String, BedError> {
    let path = binaries::repository().join("bench/Cargo.lock");
    let lock = fs::read_to_string(&path).map_err(BedError::io(format!("read {}", path.display())))?;
    let package = format!("name = \"{name}\"\nversion = \"");
    let version = lock.split_once(&package).and_then(|(_, rest)| rest.split('"').next());
    version.map(str::to_owned).ok_or_else(|| BedError::Unexpected(format!("{} knows no {name}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_envoy_is_between_its_commit_and_its_build() {
        let line = "/opt/bin/envoy  version: 0123abcd/1.33.0/Clean/RELEASE/BoringSSL";
        assert_eq!(of_envoy(line).as_deref(), Some("1.33.0"));
    }
}
