//! Who is compared: each a process that keeps customers and answers the same three calls.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use async_std::task::block_on;
use testbed::{BedError, Port, Process, binaries};
use ticketing_client::{Channel, CreateCustomerRequest, Customers, Target};

use crate::generator::Request;

const START_LIMIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The product, with its defaults on this machine but so many queues: cache, validation, metrics, limits, logs.
    Ours { queues: u8 },
    /// The same with a write for each answer.
    OursUncorked,
    /// grpcio as it comes, one queue.
    Stock,
    /// tonic with so many workers; 0 is tokio's current_thread.
    Tonic { workers: u8 },
    /// gRPC C++, asynchronous with one queue.
    Cpp,
}

impl Peer {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Ours { queues: 1 } => "ours".to_owned(),
            Self::Ours { queues } => format!("ours, {queues} queues"),
            Self::OursUncorked => "ours, not corked".to_owned(),
            Self::Stock => "grpcio as it comes, 1 queue".to_owned(),
            Self::Tonic { workers: 0 } => "tonic, current_thread".to_owned(),
            Self::Tonic { workers } => format!("tonic, {workers} workers"),
            Self::Cpp => "C++, asynchronous, 1 queue".to_owned(),
        }
    }

    fn command(self, address: SocketAddr, folder: &Path) -> Result<Command, BedError> {
        let address = address.to_string();
        let mut command = Command::new(self.program()?);
        command.env_clear();
        match self {
            Self::Ours { .. } | Self::OursUncorked => {
                let (queues, corking) = if let Self::Ours { queues } = self { (queues, "on") } else { (1, "off") };
                let store = folder.join(format!("{queues}-{corking}.db"));
                command
                    .args(["--listen-addr", &address, "--admin-addr", "127.0.0.1:0", "--pod-name", "app-server-1"])
                    .args(["--workers", &queues.to_string(), "--corking", corking])
                    .args(["--database-url", &format!("sqlite:{}", store.display())]);
            }
            Self::Stock => drop(command.args([&address, "1"])),
            Self::Tonic { workers } => drop(command.args([address, workers.to_string()])),
            Self::Cpp => drop(command.args([&address, "async"])),
        }
        Ok(command)
    }

    fn program(self) -> Result<PathBuf, BedError> {
        let built = match self {
            Self::Ours { .. } | Self::OursUncorked => return binaries::server(),
            Self::Stock => "target/release/peer-stock",
            Self::Tonic { .. } => "target/release/peer-tonic",
            Self::Cpp => "target/peers/peer-cpp",
        };
        let path = binaries::repository().join(built);
        if path.is_file() { Ok(path) } else { Err(BedError::Missing { path }) }
    }

    /// Starts it, and gives it one customer to be asked for.
    pub(crate) fn start(self, folder: &Path) -> Result<Running, BedError> {
        let port = Port::free_on(&[Ipv4Addr::LOCALHOST])?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        let name = self.name();
        let log = folder.join(format!("{name}.log"));
        let process = Process::start(&name, &mut self.command(address, folder)?, &log)?;
        let customers = Channel::builder(target(address)).build().customers();
        let id = first_customer(&process, &customers)?;
        let request = Request::get(&id, folder, &name)?;
        Ok(Running { process, address, customers, id, request })
    }
}

/// A peer that runs. It ends when it is dropped.
pub(crate) struct Running {
    process: Process,
    pub(crate) address: SocketAddr,
    customers: Customers,
    id: String,
    pub(crate) request: Request,
}

impl Running {
    /// A real client's call, which reads the status: the generator does not.
    pub(crate) fn check(&self) -> Result<(), BedError> {
        let answer = block_on(self.customers.get(&self.id))?;
        let same = answer.value.first_name == FIRST_NAME && answer.value.last_name == LAST_NAME;
        if same {
            Ok(())
        } else {
            Err(BedError::Unexpected(format!("{} answers {:?}", self.process.name(), answer.value)))
        }
    }

    /// CPU that it has used, in user and kernel.
    pub(crate) fn cpu_time(&self) -> Result<Duration, BedError> {
        self.process.cpu_time()
    }

    /// The most memory that it ever had resident, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64, BedError> {
        self.process.peak_memory()
    }
}

const FIRST_NAME: &str = "Friederike";
const LAST_NAME: &str = "Dvořáková";

fn first_customer(process: &Process, customers: &Customers) -> Result<String, BedError> {
    let request = CreateCustomerRequest {
        first_name: FIRST_NAME.to_owned(),
        last_name: LAST_NAME.to_owned(),
        ..CreateCustomerRequest::default()
    };
    let begun = Instant::now();
    loop {
        process.check_running()?;
        match block_on(customers.create(&request)) {
            Ok(answer) => return Ok(answer.value.id),
            Err(error) if begun.elapsed() > START_LIMIT => return Err(error.into()),
            Err(_) => block_on(async_std::task::sleep(LOOK_EVERY)),
        }
    }
}

fn target(address: SocketAddr) -> Target {
    Target::new(&address.ip().to_string(), address.port()).expect("an address can be dialled")
}
