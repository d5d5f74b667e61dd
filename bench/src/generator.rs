//! h2load, the independent generator. It takes HTTP 200 for success, so a real client looks at the status beside it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use testbed::BedError;

/// How calls are spread over connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Connections.
    pub(crate) connections: usize,
    /// Calls at once on each of them.
    pub(crate) streams: usize,
    /// Calls of one measurement: enough that the clock of a process, which counts in hundredths of a second, is good for
    /// two per cent.
    pub(crate) calls: usize,
}

/// A request that is sent over and over.
#[derive(Debug)]
pub(crate) struct Request {
    path: &'static str,
    body: PathBuf,
}

impl Request {
    /// GetCustomer of this id; its body becomes a file in `folder`.
    pub(crate) fn get(id: &str, folder: &Path, name: &str) -> Result<Self, BedError> {
        let message = [&[0x0a, length(id.len())?], id.as_bytes()].concat();
        let frame = [&[0, 0, 0, 0, length(message.len())?], message.as_slice()].concat();
        let body = folder.join(format!("{name}.request"));
        fs::write(&body, frame).map_err(BedError::io(format!("write {}", body.display())))?;
        Ok(Self { path: "/ticketing.CustomerController/GetCustomer", body })
    }
}

/// A length that fits into the one byte that protobuf and we have for it here.
fn length(bytes: usize) -> Result<u8, BedError> {
    u8::try_from(bytes).ok().filter(|length| *length < 0x80).ok_or_else(|| {
        BedError::Unexpected(format!("a message of {bytes} bytes: the generator makes messages of at most 127"))
    })
}

/// Makes the calls of a shape, as fast as they are answered.
pub(crate) fn load(address: SocketAddr, request: &Request, shape: Shape) -> Result<(), BedError> {
    let Shape { connections, streams, calls } = shape;
    let mut command = Command::new("h2load");
    command
        .args(["--threads", "1", "--requests", &calls.to_string(), "--clients", &connections.to_string()])
        .args(["--max-concurrent-streams", &streams.to_string(), "--data"])
        .arg(&request.body)
        .args(["--header", "content-type: application/grpc", "--header", "te: trailers"])
        .arg(format!("http://{address}{}", request.path));
    let output = command.output().map_err(BedError::io("run h2load (Debian: apt-get install nghttp2-client)"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if said.contains(&format!(" {calls} succeeded, 0 failed, 0 errored, 0 timeout")) {
        return Ok(());
    }
    let line = said.lines().find(|line| line.starts_with("requests:")).unwrap_or("it counted nothing");
    Err(BedError::Unexpected(format!("h2load at {address}: {line}")))
}
