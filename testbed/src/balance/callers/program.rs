//! The callers' process.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_std::task::{self, block_on};
use ticketing_client::{CallError, CreateCustomerRequest, DEFAULT_DEADLINE, Target, retry_within};

use super::Policy;
use super::connections::Connections;
use super::record::Recorder;
use crate::{BedError, Stop};

const CALLERS: usize = 16;
/// A caller's rest between two calls: some 2,500 calls a second of all, which leaves the machine room for the pods.
const PAUSE: Duration = Duration::from_millis(5);
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
}

/// One of them.
struct Caller {
    connections: Arc<Connections>,
    recorder: Arc<Recorder>,
    /// A customer who is there.
    id: String,
    /// Told apart from all callers of all runs.
    name: String,
}

impl Callers {
    /// Calls until `stop` is asked for, and prints what came of it as lines of JSON.
    pub fn run(&self, stop: &Stop) -> Result<ExitCode, BedError> {
        let target = Target::new(&self.host, self.port).map_err(|error| BedError::Unexpected(error.to_string()))?;
        let connections = Connections::open(self.policy, target);
        let run = fastrand::u64(..);
        let first = request(&format!("{run:x}"), 0);
        let (_, id) = block_on(retry_within(DEFAULT_DEADLINE, |limit| connections.create(&first, limit)))?;
        let recorder = Arc::new(Recorder::default());
        let caller = |number| Caller {
            connections: connections.clone(),
            recorder: recorder.clone(),
            id: id.clone(),
            name: format!("{run:x}-{number}"),
        };
        let all: Vec<_> = (0..CALLERS).map(|number| task::spawn(caller(number).call_until(stop.clone()))).collect();
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
            let (mut attempts, begun) = (0, Instant::now());
            let outcome = self.call(number, &mut attempts).await;
            self.recorder.count(outcome, attempts, begun.elapsed())?;
            task::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Each kind of call is safe to repeat, and is repeated as the library does it, whatever the way.
    async fn call(&self, number: u64, attempts: &mut u64) -> Result<Option<String>, CallError> {
        if number.is_multiple_of(CREATE_EVERY) {
            let request = request(&self.name, number);
            let attempt = |limit| {
                *attempts += 1;
                self.connections.create(&request, limit)
            };
            return Ok(retry_within(DEFAULT_DEADLINE, attempt).await?.0);
        }
        let attempt = |limit| {
            *attempts += 1;
            self.connections.get(&self.id, limit)
        };
        retry_within(DEFAULT_DEADLINE, attempt).await
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
