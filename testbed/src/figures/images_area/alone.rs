//! The server's image by itself, as `docker run` starts it: on its own volume, with a read-only root.

use std::time::{Duration, SystemTime};

use super::image;
use crate::engine::{docker, logged_at, moment};
use crate::figures::plan::Measured;
use crate::{BedError, Stop, wait};

const STARTS: usize = 9;
const LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Until what the start needed is given back.
const REST: Duration = Duration::from_secs(5);
const KILOBYTES_A_MEGABYTE: f64 = 1e6 / 1024.0;

pub(super) fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let (mut ready, mut rest) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let server = Alone::start()?;
        ready.push(server.ready(stop)?.as_secs_f64() * 1_000.0);
        if rest.is_empty() {
            wait::rest(REST);
            rest.push(server.resident()?);
        }
    }
    let of_ready = format!(
        "median of {STARTS} starts on a new volume, from the start of the process that becomes the server until it logs that it serves"
    );
    let of_rest = format!("one server that nobody calls but its health check, {} s after its start", REST.as_secs());
    Ok(vec![Measured::median_of(ready, of_ready), Measured::median_of(rest, of_rest)])
}

/// A container that goes with this value.
struct Alone {
    id: String,
}

impl Alone {
    fn start() -> Result<Self, BedError> {
        docker(["run", "--detach", "--read-only", "--cap-drop", "ALL", &image("ticketing-server")])
            .map(|id| Self { id })
    }

    fn ready(&self, stop: &Stop) -> Result<Duration, BedError> {
        let serving =
            wait::until("the server serves", LIMIT, LOOK_EVERY, stop, || logged_at(&self.id, "serving gRPC on"))?;
        Ok(serving.duration_since(self.started()?).unwrap_or_default())
    }

    fn started(&self) -> Result<SystemTime, BedError> {
        let text = docker(["inspect", "--format", "{{.State.StartedAt}}", &self.id])?;
        moment(&text).ok_or_else(|| BedError::Unexpected(format!("docker says that {} started at {text:?}", self.id)))
    }

    /// Resident memory in MB, as the kernel counts it for the process.
    fn resident(&self) -> Result<f64, BedError> {
        let table = docker(["top", &self.id, "-o", "pid,rss"])?;
        let kilobytes = table.lines().last().and_then(|row| row.split_whitespace().nth(1)?.parse::<f64>().ok());
        let kilobytes = kilobytes.ok_or_else(|| BedError::Unexpected(format!("docker top printed {table:?}")))?;
        Ok(kilobytes / KILOBYTES_A_MEGABYTE)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // Nobody is left to tell if even that fails.
        let _ = docker(["rm", "--force", "--volumes", &self.id]);
    }
}
