//! h2load, the independent generator. It takes HTTP 200 for success, so that answers hold a message is told by their
//! bytes, and a real client looks at statuses beside it.

use std::net::SocketAddr;

use testbed::BedError;

use super::Request;
use crate::cores;

/// How calls are spread over connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Shape {
    /// Connections.
    pub(crate) connections: usize,
    /// Calls at once on each of them.
    pub(crate) streams: usize,
}

impl Shape {
    pub(crate) const fn new(connections: usize, streams: usize) -> Self {
        Self { connections, streams }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}", self.connections, self.streams)
    }
}

/// Makes `calls` calls in a shape, as fast as they are answered. Returns the calls of a second.
pub(crate) fn load(address: SocketAddr, request: &Request, shape: Shape, calls: usize) -> Result<f64, BedError> {
    let mut command = cores::GENERATOR.command()?;
    command
        .arg("h2load")
        .args(["--threads", "1", "--requests", &calls.to_string(), "--clients", &shape.connections.to_string()])
        .args(["--max-concurrent-streams", &shape.streams.to_string(), "--data"])
        .arg(&request.file)
        .args(["--header", "content-type: application/grpc", "--header", "te: trailers"])
        .arg(format!("http://{address}{}", request.path));
    let output = command.output().map_err(BedError::io("run taskset (util-linux)"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let line = |start| said.lines().find(|line: &&str| line.starts_with(start)).unwrap_or("it counted nothing");
    if !said.contains(&format!(" {calls} succeeded, 0 failed, 0 errored, 0 timeout")) {
        let text = format!("h2load at {address}: {} {}", line("requests:"), String::from_utf8_lossy(&output.stderr));
        return Err(BedError::Unexpected(text.trim_end().to_owned()));
    }
    let received = line("traffic:").rsplit_once(") data").and_then(|(rest, _)| rest.rsplit('(').next()?.parse().ok());
    let received: usize = received
        .ok_or_else(|| BedError::Unexpected(format!("h2load tells no bytes of answers: {}", line("traffic:"))))?;
    let expected = calls * request.answer_bytes;
    if received < expected {
        let text = format!("{address} refused calls of {}: {received} bytes came, not {expected}", request.path);
        return Err(BedError::Unexpected(text));
    }
    let rate = line("finished in").split_once(", ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| BedError::Unexpected(format!("h2load tells no rate: {}", line("finished in"))))
}
