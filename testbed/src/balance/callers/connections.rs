//! The connections of the callers, and which of them a call takes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_std::task;
use grpcio::{CallOption, ChannelBuilder, EnvBuilder, Environment, LbPolicy, Metadata, MetadataBuilder};
use ticketing_client::{CallError, Channel, Code, CreateCustomerRequest, Customers, IDEMPOTENT_HEADER, Target};
use ticketing_proto::ticketing::{Customer, GetCustomerRequest};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

use super::Policy;

const POOL: usize = 4;
/// A connection is replaced when it is this old; of a pool, one after the other.
const AGE: Duration = Duration::from_secs(10);
/// For the first call on a new connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// As the client library has it.
const FIRST_RECONNECT: Duration = Duration::from_millis(100);
const LAST_RECONNECT: Duration = Duration::from_secs(1);
const POD_HEADER: &str = "x-pod-name";

/// Who answered, where the answer says so.
type Pod = Option<String>;

/// All connections of one process.
pub(super) struct Connections {
    policy: Policy,
    target: Arc<Target>,
    environment: Arc<Environment>,
    slots: Vec<RwLock<Line>>,
    turn: AtomicUsize,
}

/// What a call is made on.
#[derive(Clone)]
enum Line {
    Library(Customers),
    /// gRPC's own policy, which the library's channels do not have.
    RoundRobin(CustomerControllerClient, Arc<Target>),
}

impl Connections {
    pub(super) fn open(policy: Policy, target: Target) -> Arc<Self> {
        let environment = Arc::new(EnvBuilder::new().cq_count(1).name_prefix("callers").build());
        let count = if policy == Policy::Pool { POOL } else { 1 };
        let mut all =
            Self { policy, target: Arc::new(target), environment, slots: Vec::new(), turn: AtomicUsize::new(0) };
        all.slots = (0..count).map(|_| RwLock::new(all.connect())).collect();
        let all = Arc::new(all);
        if policy != Policy::Single {
            task::spawn(replace_by_age(all.clone()));
        }
        all
    }

    pub(super) async fn get(&self, id: &str, limit: Duration) -> Result<Pod, CallError> {
        self.line().get(id, limit).await
    }

    /// Creates and tells the new customer's id too.
    pub(super) async fn create(
        &self,
        request: &CreateCustomerRequest,
        limit: Duration,
    ) -> Result<(Pod, String), CallError> {
        self.line().create(request, limit).await
    }

    fn line(&self) -> Line {
        let slot = self.turn.fetch_add(1, Ordering::Relaxed) % self.slots.len();
        self.slots[slot].read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn connect(&self) -> Line {
        if self.policy != Policy::RoundRobin {
            let channel = Channel::builder((*self.target).clone()).environment(self.environment.clone()).build();
            return Line::Library(channel.customers());
        }
        let channel = ChannelBuilder::new(self.environment.clone())
            .load_balancing_policy(LbPolicy::RoundRobin)
            .use_local_subchannel_pool(true)
            .initial_reconnect_backoff(FIRST_RECONNECT)
            .max_reconnect_backoff(LAST_RECONNECT)
            .enable_retry(true)
            .enable_http_proxy(false)
            .connect(&format!("dns:///{}", self.target));
        Line::RoundRobin(CustomerControllerClient::new(channel), self.target.clone())
    }
}

/// The new connection has had a call before calls are given to it; those on the old one go on to their ends.
async fn replace_by_age(all: Arc<Connections>) {
    let pause = AGE / u32::try_from(all.slots.len()).expect("few");
    for slot in all.slots.iter().cycle() {
        task::sleep(pause).await;
        let new = all.connect();
        if new.get("", CONNECT_LIMIT).await.is_ok() {
            *slot.write().unwrap_or_else(PoisonError::into_inner) = new;
        }
    }
}

impl Line {
    async fn get(&self, id: &str, limit: Duration) -> Result<Pod, CallError> {
        match self {
            Self::Library(customers) => Ok(customers.with_deadline(limit).get(id).await?.pod),
            Self::RoundRobin(client, target) => {
                let request = GetCustomerRequest { id: id.to_owned(), ..GetCustomerRequest::new() };
                let begun = Instant::now();
                let answer = client.get_customer_async_opt(&request, CallOption::default().timeout(limit));
                Ok(finish(answer).await.map_err(|error| failed("GetCustomer", target, begun, &error))?.1)
            }
        }
    }

    async fn create(&self, request: &CreateCustomerRequest, limit: Duration) -> Result<(Pod, String), CallError> {
        match self {
            Self::Library(customers) => {
                let answer = customers.with_deadline(limit).create(request).await?;
                Ok((answer.pod, answer.value.id))
            }
            Self::RoundRobin(client, target) => {
                let begun = Instant::now();
                let answer = idempotent().and_then(|headers| {
                    client.create_customer_async_opt(request, CallOption::default().timeout(limit).headers(headers))
                });
                let (customer, pod) =
                    finish(answer).await.map_err(|error| failed("CreateCustomer", target, begun, &error))?;
                Ok((pod, customer.id))
            }
        }
    }
}

async fn finish(answer: grpcio::Result<grpcio::ClientUnaryReceiver<Customer>>) -> grpcio::Result<(Customer, Pod)> {
    let mut receiver = answer?;
    let customer = receiver.message().await?;
    let headers = receiver.headers().await?;
    let pod = headers.iter().find(|(key, _)| *key == POD_HEADER);
    Ok((customer, pod.map(|(_, name)| String::from_utf8_lossy(name).into_owned())))
}

fn idempotent() -> grpcio::Result<Metadata> {
    let mut headers = MetadataBuilder::with_capacity(1);
    headers.add_str(IDEMPOTENT_HEADER, "true")?;
    Ok(headers.build())
}

fn failed(method: &'static str, target: &Arc<Target>, begun: Instant, error: &grpcio::Error) -> CallError {
    let code = match error {
        grpcio::Error::RpcFailure(status) => status.code().into(),
        _ => Code::Internal,
    };
    CallError {
        code,
        message: error.to_string(),
        violations: Vec::new(),
        retry_after: None,
        method,
        target: target.clone(),
        elapsed: begun.elapsed(),
        answered: false,
    }
}
