//! The callers' process.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use async_std::task::{self, block_on};
use ticketing_client::{CallError, CreateCustomerRequest, Target};

use super::Policy;
use super::connections::Connections;
use super::record::Recorder;
use crate::{BedError, Stop};

/// One call of so many is a create.
const CREATE_EVERY: u64 = 10;

/// Callers that call without end on shared connections: nine reads, then a create. SIGTERM ends them.
#[derive(Debug, clap::Args)]
pub struct Callers {
    /// How they use connections
    #[arg(long, value_enum)]
    policy: Policy,
    /// The name or address that they call
    #[arg(long)]
    host: String,
    /// Its port
    #[arg(long)]
    port: u16,
    /// How many; with 5 ms of rest between two calls 16 make some 2,500 calls a second
    #[arg(long = "callers", default_value_t = 16)]
    count: usize,
    /// Milliseconds from a call's answer to the caller's next call
    #[arg(long, default_value_t = 5)]
    rest_ms: u64,
    /// Send slow reads a second time on another connection
    #[arg(long)]
    hedged: bool,
}

/// One of them.
struct Caller {
    connections: Connections,
    recorder: Arc<Recorder>,
    /// A customer who is there.
    id: String,
    /// Told apart from all callers of all runs.
    name: String,
    rest: Duration,
}

impl Callers {
    /// Calls until `stop` is asked for, and prints what came of it as lines of JSON.
    pub fn run(&self, stop: &Stop) -> Result<ExitCode, BedError> {
        let target = Target::new(&self.host, self.port).map_err(|error| BedError::Unexpected(error.to_string()))?;
        let connections = Connections::open(self.policy, self.hedged, target);
        let run = fastrand::u64(..);
        let first = request(&format!("{run:x}"), 0);
        let id = block_on(connections.create(&first, &AtomicU64::new(0)))?.value.id;
        let recorder = Arc::new(Recorder::default());
        let caller = |number| Caller {
            connections: connections.clone(),
            recorder: recorder.clone(),
            id: id.clone(),
            name: format!("{run:x}-{number}"),
            rest: Duration::from_millis(self.rest_ms),
        };
        let all: Vec<_> = (0..self.count).map(|number| task::spawn(caller(number).call_until(stop.clone()))).collect();
        for caller in all {
            block_on(caller).map_err(BedError::io("print"))?;
        }
        recorder.end().map_err(BedError::io("print"))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Caller {
    async fn call_until(self, stop: Stop) -> std::io::Result<()> {
        for number in 1.. {
            if stop.is_asked() {
                break;
            }
            let (attempts, begun) = (AtomicU64::new(0), Instant::now());
            let outcome = self.call(number, &attempts).await;
            self.recorder.count(outcome, attempts.into_inner(), begun.elapsed())?;
            task::sleep(self.rest).await;
        }
        Ok(())
    }

    /// Each kind of call is safe to repeat, and is repeated as the library does it, whatever the way.
    async fn call(&self, number: u64, attempts: &AtomicU64) -> Result<Option<String>, CallError> {
        if number.is_multiple_of(CREATE_EVERY) {
            return Ok(self.connections.create(&request(&self.name, number), attempts).await?.pod);
        }
        Ok(self.connections.get(&self.id, attempts).await?.pod)
    }
}

fn request(caller: &str, number: u64) -> CreateCustomerRequest {
    CreateCustomerRequest {
        first_name: "Ada".to_owned(),
        last_name: "Balanced".to_owned(),
        request_id: format!("{caller}-{number}"),
        ..CreateCustomerRequest::new()
    }
}
