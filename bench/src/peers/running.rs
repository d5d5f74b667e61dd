//! A peer's process, and what a real client sees of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use async_std::task::block_on;
use tempfile::TempDir;
use testbed::{BedError, Port, Process, binaries};
use ticketing_client::{CallError, Channel, Code, CreateCustomerRequest, Customers, Target};

use super::{FIRST_NAME, LAST_NAME, PAGE_SIZE, Peer};
use crate::cores;
use crate::generator::{Operation, Request, nobody};

const START_LIMIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A peer that runs. It ends when it is dropped.
pub(crate) struct Running {
    pub(crate) peer: Peer,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    customers: Customers,
    pub(crate) id: String,
    requests: Vec<(Operation, Request)>,
    // After the process, which may write to it to its end.
    _folder: TempDir,
}

impl Running {
    /// Starts a peer that sees the machine as it is, and gives it a page of customers. Go and C++ choose their threads by
    /// the cores that they see.
    pub(crate) fn start(peer: Peer) -> Result<Self, BedError> {
        let port = Port::free_on(&[Ipv4Addr::LOCALHOST])?;
        Self::start_on(peer, (Ipv4Addr::LOCALHOST, port.number()).into())
    }

    /// The same on a core of its own, away from a generator that never sleeps.
    pub(crate) fn start_on_its_core(peer: Peer) -> Result<Self, BedError> {
        Self::start_under(peer, &[])
    }

    /// The same under another program, which gets the peer's command line behind `wrapper`.
    pub(crate) fn start_under(peer: Peer, wrapper: &[&str]) -> Result<Self, BedError> {
        let port = Port::free_on(&[Ipv4Addr::LOCALHOST])?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        Self::start_by(cores::SERVER.command()?.args(wrapper), peer, address)
    }

    /// The first on an address that the caller knows to be free.
    pub(crate) fn start_on(peer: Peer, address: SocketAddr) -> Result<Self, BedError> {
        Self::start_by(&mut Command::new("env"), peer, address)
    }

    /// `launcher` runs what stands behind its own arguments.
    fn start_by(launcher: &mut Command, peer: Peer, address: SocketAddr) -> Result<Self, BedError> {
        let folder = binaries::scratch("bench-")?;
        let log = folder.path().join("log");
        let process = Process::start(peer.name(), peer.command(launcher, address, folder.path())?, &log)?;
        let customers = Channel::builder(target(address)).build().customers();
        let id = first_customer(&process, &customers)?;
        for _ in 1..PAGE_SIZE {
            block_on(customers.create(&friederike()))?;
        }
        let request = |operation| Ok((operation, Request::new(operation, &id, folder.path())?));
        let requests = Operation::ALL.into_iter().map(request).collect::<Result<_, BedError>>()?;
        Ok(Self { peer, address, process, customers, id, requests, _folder: folder })
    }

    /// What the generators send for an operation.
    pub(crate) fn request(&self, operation: Operation) -> &Request {
        let (_, request) = self.requests.iter().find(|(of, _)| *of == operation).expect("there is one for each");
        request
    }

    /// A real client's calls, which read statuses and answers: h2load does not.
    pub(crate) fn check(&self) -> Result<(), BedError> {
        let unfit = |what: String| Err(BedError::Unexpected(format!("{} answers {what}", self.peer.name())));
        let got = block_on(self.customers.get(&self.id))?.value;
        if got.first_name != FIRST_NAME || got.last_name != LAST_NAME {
            return unfit(format!("{got:?}"));
        }
        match block_on(self.customers.get(&nobody(&self.id))) {
            Err(CallError { code: Code::NotFound, .. }) => {}
            other => return unfit(format!("{other:?} where there is nobody")),
        }
        match block_on(self.customers.list(PAGE_SIZE, ""))?.value.customers.len() {
            100 => Ok(()),
            customers => unfit(format!("a list of {customers}")),
        }
    }

    /// CPU-microseconds of its process, user and kernel, for each of some calls.
    pub(crate) fn cost_of(&self, calls: usize, load: impl FnOnce() -> Result<f64, BedError>) -> Result<Cost, BedError> {
        let before = self.process.cpu_time()?;
        let rate = load()?;
        let spent = self.process.cpu_time()?.saturating_sub(before);
        Ok(Cost { microseconds: spent.as_secs_f64() * 1e6 / calls as f64, rate })
    }
}

/// What some calls cost.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Cost {
    /// CPU of each.
    pub(crate) microseconds: f64,
    /// Calls of a second.
    pub(crate) rate: f64,
}

fn friederike() -> CreateCustomerRequest {
    CreateCustomerRequest {
        first_name: FIRST_NAME.to_owned(),
        last_name: LAST_NAME.to_owned(),
        ..CreateCustomerRequest::default()
    }
}

pub(crate) fn first_customer(process: &Process, customers: &Customers) -> Result<String, BedError> {
    let begun = Instant::now();
    loop {
        process.check_running()?;
        match block_on(customers.create(&friederike())) {
            Ok(answer) => return Ok(answer.value.id),
            Err(error) if begun.elapsed() > START_LIMIT => return Err(error.into()),
            Err(_) => block_on(async_std::task::sleep(LOOK_EVERY)),
        }
    }
}

/// Where a channel goes.
pub(crate) fn target(address: SocketAddr) -> Target {
    Target::new(&address.ip().to_string(), address.port()).expect("an address can be dialled")
}
