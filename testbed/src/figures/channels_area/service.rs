//! A customer service in this process, whose answers come when a test of ours wants them.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_std::task;
use grpcio::{
    ChannelBuilder, EnvBuilder, Environment, ResourceQuota, RpcContext, RpcStatus, RpcStatusCode, Server,
    ServerBuilder, ServerCredentials, UnarySink,
};
use ticketing_proto::ticketing::{
    CreateCustomerRequest, Customer, CustomerList, GetCustomerRequest, ListCustomersRequest,
};
use ticketing_proto::ticketing_grpc::{CustomerController, create_customer_controller};

use crate::BedError;

const POD: &str = "in-process";
const QUOTA: usize = 64 << 20;

/// How the service behaves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manner {
    /// Takes one call at a time, and so long for each.
    pub(super) one_at_a_time: Option<Duration>,
    /// One read in so many takes so long.
    pub(super) slow: Option<(u64, Duration)>,
    /// Asks every connection of about this age to leave: a graceful GOAWAY.
    pub(super) connection_age: Option<Duration>,
}

/// What the service has seen, and whether it refuses what it sees.
#[derive(Default)]
struct Seen {
    peers: Mutex<BTreeSet<String>>,
    attempts: AtomicU64,
    refused: AtomicBool,
}

/// It serves until it is dropped.
pub(super) struct Service {
    address: SocketAddr,
    seen: Arc<Seen>,
    _server: Server,
    _environment: Arc<Environment>,
}

impl Service {
    /// On a free port.
    pub(super) fn start(manner: Manner) -> Result<Self, BedError> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), manner)
    }

    pub(super) fn start_at(address: SocketAddr, manner: Manner) -> Result<Self, BedError> {
        let environment = Arc::new(EnvBuilder::new().cq_count(1).name_prefix("service").build());
        let quota = ResourceQuota::new(Some(POD)).resize_memory(QUOTA);
        let mut settings = ChannelBuilder::new(environment.clone()).set_resource_quota(quota);
        if let Some(age) = manner.connection_age {
            let age = i32::try_from(age.as_millis()).expect("a short time");
            settings = settings.raw_cfg_int(c"grpc.max_connection_age_ms".into(), age);
        }
        let answers = Answers { manner, free: Arc::new(Mutex::new(Instant::now())), seen: Arc::default() };
        let seen = answers.seen.clone();
        let unfit = |error: grpcio::Error| BedError::Unexpected(format!("a service of our own: {error}"));
        let mut server = ServerBuilder::new(environment.clone())
            .channel_args(settings.build_args())
            .register_service(create_customer_controller(answers))
            .build()
            .map_err(unfit)?;
        let port = server.add_listening_port(address.to_string(), ServerCredentials::insecure()).map_err(unfit)?;
        server.start();
        Ok(Self { address: (address.ip(), port).into(), seen, _server: server, _environment: environment })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers everything with UNAVAILABLE, or no longer.
    pub(super) fn refuse(&self, refused: bool) {
        self.seen.refused.store(refused, Ordering::Relaxed);
    }

    /// Calls that have come, those that were refused too.
    pub(super) fn attempts(&self) -> u64 {
        self.seen.attempts.load(Ordering::Relaxed)
    }

    /// Connections that have made a call.
    pub(super) fn connections(&self) -> usize {
        self.seen.peers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[derive(Clone)]
struct Answers {
    manner: Manner,
    /// When the calls that are here already will have been answered.
    free: Arc<Mutex<Instant>>,
    seen: Arc<Seen>,
}

impl Answers {
    fn answer(&self, ctx: &RpcContext<'_>, customer: Customer, late: Option<Duration>, sink: UnarySink<Customer>) {
        self.seen.peers.lock().unwrap_or_else(PoisonError::into_inner).insert(ctx.peer());
        let due = self.manner.one_at_a_time.map(|time| {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            *free = (*free).max(Instant::now()) + time;
            *free
        });
        self.seen.attempts.fetch_add(1, Ordering::Relaxed);
        if self.seen.refused.load(Ordering::Relaxed) {
            let status = RpcStatus::with_message(RpcStatusCode::UNAVAILABLE, "refused on purpose".to_owned());
            return ctx.spawn(async move { drop(sink.fail(status).await) });
        }
        let due = due.or_else(|| Some(Instant::now() + late?));
        ctx.spawn(async move {
            if let Some(due) = due {
                task::sleep(due.saturating_duration_since(Instant::now())).await;
            }
            // A caller that has gone wants no answer.
            let _ = sink.success(customer).await;
        });
    }
}

impl CustomerController for Answers {
    fn create_customer(&mut self, ctx: RpcContext<'_>, request: CreateCustomerRequest, sink: UnarySink<Customer>) {
        let CreateCustomerRequest { first_name, last_name, request_id, .. } = request;
        self.answer(&ctx, Customer { id: request_id, first_name, last_name, ..Customer::new() }, None, sink);
    }

    fn get_customer(&mut self, ctx: RpcContext<'_>, request: GetCustomerRequest, sink: UnarySink<Customer>) {
        let id = if request.id.is_empty() { POD.to_owned() } else { request.id };
        let late = self.manner.slow.and_then(|(one_in, late)| (fastrand::u64(..one_in) == 0).then_some(late));
        self.answer(&ctx, Customer { id, ..Customer::new() }, late, sink);
    }

    fn list_customers(&mut self, ctx: RpcContext<'_>, _: ListCustomersRequest, sink: UnarySink<CustomerList>) {
        ctx.spawn(async move { drop(sink.fail(RpcStatus::new(RpcStatusCode::UNIMPLEMENTED)).await) });
    }
}
