//! A customer service in this process, whose answers come when, and fail as often as, a test of ours wants.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_std::task;
use grpcio::{
    ChannelBuilder, EnvBuilder, Environment, ResourceQuota, RpcContext, RpcStatus, RpcStatusCode, Server,
    ServerBuilder, ServerCredentials, UnarySink,
};
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::health::{HealthCheckRequest, HealthCheckResponse};
use ticketing_proto::health_grpc::{Health, create_health};
use ticketing_proto::ticketing::{
    CreateCustomerRequest, Customer, CustomerList, GetCustomerRequest, ListCustomersRequest,
};
use ticketing_proto::ticketing_grpc::{CustomerController, create_customer_controller};

use crate::BedError;

const POD: &str = "in-process";
const QUOTA: usize = 64 << 20;

/// How the service behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// Takes one call at a time, and so long for each.
    pub one_at_a_time: Option<Duration>,
    /// One read in so many takes so long.
    pub slow: Option<(u64, Duration)>,
    /// Asks every connection of about this age to leave: a graceful GOAWAY.
    pub connection_age: Option<Duration>,
}

/// What is wrong with the service. Its health is well all the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    #[default]
    Nothing,
    /// Each call is refused with UNAVAILABLE.
    Refuses,
    /// One call of two fails with UNKNOWN.
    FailsHalf,
    /// Each `GetCustomer` takes so long.
    Slow(Duration),
}

/// What the service has seen, and what is wrong with it.
#[derive(Debug, Default)]
struct Seen {
    peers: Mutex<BTreeSet<String>>,
    attempts: AtomicU64,
    trouble: Mutex<Trouble>,
}

/// It serves until it is dropped.
pub struct Service {
    address: SocketAddr,
    seen: Arc<Seen>,
    _server: Server,
    _environment: Arc<Environment>,
}

impl Service {
    /// On a free port.
    pub fn start(manner: Manner) -> Result<Self, BedError> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), manner)
    }

    /// On this address.
    pub fn start_at(address: SocketAddr, manner: Manner) -> Result<Self, BedError> {
        let environment = Arc::new(EnvBuilder::new().cq_count(1).name_prefix("service").build());
        let quota = ResourceQuota::new(Some(POD)).resize_memory(QUOTA);
        let mut settings = ChannelBuilder::new(environment.clone()).set_resource_quota(quota);
        if let Some(age) = manner.connection_age {
            let age = i32::try_from(age.as_millis()).expect("a short time");
            // Without pings, as the real server.
            settings = settings.raw_cfg_int(c"grpc.max_connection_age_ms".into(), age).http2_bdp_probe(false);
        }
        let answers = Answers { manner, free: Arc::new(Mutex::new(Instant::now())), seen: Arc::default() };
        let seen = answers.seen.clone();
        let unfit = |error: grpcio::Error| BedError::Unexpected(format!("a service of our own: {error}"));
        let mut server = ServerBuilder::new(environment.clone())
            .channel_args(settings.build_args())
            .register_service(create_customer_controller(answers))
            .register_service(create_health(Well))
            .build()
            .map_err(unfit)?;
        let port = server.add_listening_port(address.to_string(), ServerCredentials::insecure()).map_err(unfit)?;
        server.start();
        Ok(Self { address: (address.ip(), port).into(), seen, _server: server, _environment: environment })
    }

    /// Where it serves.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on this is wrong with it.
    pub fn suffer(&self, trouble: Trouble) {
        *self.seen.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Calls that have come, those that were refused too.
    pub fn attempts(&self) -> u64 {
        self.seen.attempts.load(Ordering::Relaxed)
    }

    /// Connections that have made a call.
    pub fn connections(&self) -> usize {
        self.seen.peers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Seen {
    fn trouble(&self) -> Trouble {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
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
        let number = self.seen.attempts.fetch_add(1, Ordering::Relaxed);
        let refusal = match self.seen.trouble() {
            Trouble::Refuses => Some(RpcStatusCode::UNAVAILABLE),
            Trouble::FailsHalf if number.is_multiple_of(2) => Some(RpcStatusCode::UNKNOWN),
            _ => None,
        };
        if let Some(code) = refusal {
            let status = RpcStatus::with_message(code, "on purpose".to_owned());
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
        let late = match self.seen.trouble() {
            Trouble::Slow(late) => Some(late),
            _ => self.manner.slow.and_then(|(one_in, late)| (fastrand::u64(..one_in) == 0).then_some(late)),
        };
        self.answer(&ctx, Customer { id, ..Customer::new() }, late, sink);
    }

    fn list_customers(&mut self, ctx: RpcContext<'_>, _: ListCustomersRequest, sink: UnarySink<CustomerList>) {
        ctx.spawn(async move { drop(sink.fail(RpcStatus::new(RpcStatusCode::UNIMPLEMENTED)).await) });
    }
}

/// What health checks of Envoy hear.
#[derive(Clone)]
struct Well;

impl Health for Well {
    fn check(&mut self, ctx: RpcContext<'_>, _: HealthCheckRequest, sink: UnarySink<HealthCheckResponse>) {
        let serving = HealthCheckResponse { status: ServingStatus::SERVING.into(), ..HealthCheckResponse::new() };
        ctx.spawn(async move { drop(sink.success(serving).await) });
    }
}
