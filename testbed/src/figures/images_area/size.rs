//! All that is in an image, unpacked.

use std::io;
use std::process::{Command, Stdio};

use super::image;
use crate::engine::docker;
use crate::figures::plan::Measured;
use crate::{BedError, Stop};

const MEGABYTE: f64 = 1e6;

pub(super) fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    ["ticketing-server", "ticketing-client"]
        .iter()
        .map(|program| {
            stop.check()?;
            let note = "one image; its file system as `docker export` unpacks it, archive headers included";
            Ok(Measured::once(unpacked(&image(program))? as f64 / MEGABYTE, note))
        })
        .collect()
}

/// What the engine calls an image's size is packed or unpacked, depending on how it stores images.
fn unpacked(image: &str) -> Result<u64, BedError> {
    let container = docker(["create", image])?;
    let exported = exported(&container);
    docker(["rm", "--volumes", &container])?;
    exported
}

fn exported(container: &str) -> Result<u64, BedError> {
    let mut export = Command::new("docker")
        .args(["export", container])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(BedError::io("run docker export"))?;
    let mut archive = export.stdout.take().expect("it is piped");
    let bytes = io::copy(&mut archive, &mut io::sink()).map_err(BedError::io("read what docker export prints"))?;
    let status = export.wait().map_err(BedError::io("wait for docker export"))?;
    if status.success() { Ok(bytes) } else { Err(BedError::Unexpected(format!("docker export ended with {status}"))) }
}
