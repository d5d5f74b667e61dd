//! Typed calls of the customer service.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use grpcio::{CallOption, ClientUnaryReceiver, Metadata, MetadataBuilder};
use protobuf::Message;
use ticketing_proto::ticketing::{
    CreateCustomerRequest, Customer, CustomerList, GetCustomerRequest, ListCustomersRequest,
};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;
use uuid::Uuid;

use crate::calls::{idempotent, message, sendable};
use crate::channels::connection::Connection;
use crate::line::Line;
use crate::{CallError, Channel, Channels, MAX_DEADLINE, Safety, Target};

/// The request header, with the value `true`, that tells a proxy that a `CreateCustomer` carries a `request_id` and may
/// therefore be sent again.
pub const IDEMPOTENT_HEADER: &str = "x-idempotent";

const POD_HEADER: &str = "x-pod-name";
const REPLAYED_HEADER: &str = "x-request-replayed";
const VERSION_HEADER: &str = "x-server-version";
const TIME_HEADER: &str = "x-server-time";

/// What a call brought back, and who answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The answer itself.
    pub value: T,
    /// Attempts that the answer took, hedges included: at least 1. What C-core sends again by itself is not counted.
    pub attempts: u32,
    /// The pod that answered, where it says so (`x-pod-name`).
    pub pod: Option<String>,
    /// Whether a create only repeated an earlier answer (`x-request-replayed`).
    ///
    /// That is also so when a proxy or this client sent the create again because the first answer was lost.
    pub replayed: bool,
    /// The version of the server, where it says so (`x-server-version`): in the answer to the identity probe.
    pub server_version: Option<String>,
    /// What the server's clock said when it answered, to the millisecond, where it says so (`x-server-time`, in
    /// milliseconds since 1970): in the answer to the identity probe.
    pub server_time: Option<SystemTime>,
}

impl<T> Answer<T> {
    pub(crate) fn new(value: T, headers: &Metadata) -> Self {
        let text = |name| header(headers, name).map(|text| String::from_utf8_lossy(text).into_owned());
        Self {
            value,
            attempts: 1,
            pod: text(POD_HEADER),
            replayed: header(headers, REPLAYED_HEADER) == Some(b"true"),
            server_version: text(VERSION_HEADER),
            server_time: text(TIME_HEADER).as_deref().and_then(time),
        }
    }
}

/// Calls of the customer service. Cheap to clone.
///
/// Those of a [`Channel`] are one attempt each; those of [`Channels`] are retried where that is safe, and a create there
/// gets a `request_id` if it has none.
#[derive(Clone)]
pub struct Customers {
    route: Route,
    target: Arc<Target>,
    deadline: Duration,
    metadata: Option<Metadata>,
}

impl fmt::Debug for Customers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Metadata may hold a token.
        f.debug_struct("Customers")
            .field("target", &self.target)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
enum Route {
    /// One connection, one attempt.
    One(Line),
    Many(Channels),
}

impl Customers {
    pub(crate) fn new(channel: &Channel) -> Self {
        Self {
            route: Route::One(channel.line().clone()),
            target: channel.target().clone(),
            deadline: channel.deadline(),
            metadata: None,
        }
    }

    pub(crate) fn on(channels: &Channels) -> Self {
        Self {
            route: Route::Many(channels.clone()),
            target: channels.target().clone(),
            deadline: channels.deadline(),
            metadata: None,
        }
    }

    /// The same calls with another deadline, cut to [`MAX_DEADLINE`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline: deadline.min(MAX_DEADLINE), ..self.clone() }
    }

    /// The same calls with these request headers, for example `authorization` or `x-caller-id`, instead of any that were
    /// given before. Envoy lets 64 headers and 8 KiB of them through, and none whose name ends in `-bin`. Where a value is
    /// no printable ASCII, as one may be that somebody sent to a server and that is handed on here, calls fail and nothing is sent.
    #[must_use]
    pub fn with_metadata(&self, metadata: Metadata) -> Self {
        Self { metadata: Some(metadata), ..self.clone() }
    }

    /// How long each call may take.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The customer with this id; `NOT_FOUND` if there is none. An empty id is the identity probe.
    pub async fn get(&self, id: &str) -> Result<Answer<Customer>, CallError> {
        let request = GetCustomerRequest { id: id.to_owned(), ..GetCustomerRequest::new() };
        self.answer("GetCustomer", Safety::Read, |client, options| client.get_customer_async_opt(&request, options))
            .await
    }

    /// The name of the pod that serves this call: the identity probe, without looking at anything but its answer.
    pub async fn identify(&self) -> Result<String, CallError> {
        match &self.route {
            Route::One(line) => {
                let mut room = None;
                let client = line.client(&mut room);
                let request = GetCustomerRequest::default_instance();
                let call = || client.get_customer_async_opt(request, self.options(Safety::Read)?);
                let (customer, _) = self.finish("GetCustomer", call).await?;
                Ok(customer.id)
            }
            Route::Many(_) => Ok(self.get("").await?.value.id),
        }
    }

    /// Stores a new customer. With a `request_id` the same call may be sent again without making a second one;
    /// without, which can only be on a [`Channel`], a failed create may or may not have happened.
    pub async fn create(&self, request: &CreateCustomerRequest) -> Result<Answer<Customer>, CallError> {
        let named;
        let request = if request.request_id.is_empty() && matches!(self.route, Route::Many(_)) {
            named = CreateCustomerRequest { request_id: Uuid::now_v7().to_string(), ..request.clone() };
            &named
        } else {
            request
        };
        let safety = if request.request_id.is_empty() { Safety::Once } else { Safety::Idempotent };
        self.create_as(safety, request).await
    }

    /// The same as it is: without a `request_id` none is added, and nothing is sent a second time.
    pub async fn create_once(&self, request: &CreateCustomerRequest) -> Result<Answer<Customer>, CallError> {
        self.create_as(Safety::Once, request).await
    }

    async fn create_as(&self, safety: Safety, request: &CreateCustomerRequest) -> Result<Answer<Customer>, CallError> {
        self.answer("CreateCustomer", safety, |client, options| client.create_customer_async_opt(request, options))
            .await
    }

    /// One page of customers, oldest first. A `page_size` of 0 leaves the size to the server; `page_token` is that of
    /// the page before, or empty.
    pub async fn list(&self, page_size: i32, page_token: &str) -> Result<Answer<CustomerList>, CallError> {
        let request =
            ListCustomersRequest { page_size, page_token: page_token.to_owned(), ..ListCustomersRequest::new() };
        self.answer("ListCustomers", Safety::Read, |client, options| client.list_customers_async_opt(&request, options))
            .await
    }

    /// Runs `task` on the thread of a connection's completion queue, where its calls cost least: no thread is woken for
    /// an answer. It must not block. With the last handle the queue ends, and what is not finished then never is: a task that
    /// has to be holds a clone of this.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match &self.route {
            Route::One(line) => line.spawn(task),
            Route::Many(channels) => channels.spawn(task),
        }
    }

    fn options(&self, safety: Safety) -> grpcio::Result<CallOption> {
        self.with_headers(CallOption::default().timeout(self.deadline), safety)
    }

    /// All headers that the call has, in the place of those that the options have.
    fn with_headers(&self, options: CallOption, safety: Safety) -> grpcio::Result<CallOption> {
        Ok(match (&self.metadata, safety) {
            (own, Safety::Idempotent) => options.headers(idempotent(own.as_ref())?),
            (Some(own), Safety::Read | Safety::Once) => options.headers(sendable(own, MetadataBuilder::new())?),
            (None, Safety::Read | Safety::Once) => options,
        })
    }

    async fn answer<T>(
        &self,
        method: &'static str,
        safety: Safety,
        start: impl Fn(&CustomerControllerClient, CallOption) -> grpcio::Result<ClientUnaryReceiver<T>>,
    ) -> Result<Answer<T>, CallError> {
        let mut room = None;
        let client = match &self.route {
            Route::One(line) => line.client(&mut room),
            Route::Many(channels) => {
                let start = |connection: &Connection, options| {
                    start(connection.customers(), self.with_headers(options, safety)?)
                };
                return channels.call_on(self.deadline, method, safety, start).await;
            }
        };
        let begun = Instant::now();
        let call = || start(client, self.options(safety)?);
        let (value, mut receiver) = self.finish(method, call).await?;
        let headers = receiver.headers().await.map_err(|error| self.failed(method, begun, &error))?;
        Ok(Answer::new(value, headers))
    }

    /// The decoded answer, and its receiver with the metadata.
    async fn finish<T>(
        &self,
        method: &'static str,
        start: impl FnOnce() -> grpcio::Result<ClientUnaryReceiver<T>>,
    ) -> Result<(T, ClientUnaryReceiver<T>), CallError> {
        let begun = Instant::now();
        let mut receiver = start().map_err(|error| self.failed(method, begun, &error))?;
        let value = message(&mut receiver).await.map_err(|error| self.failed(method, begun, &error))?;
        Ok((value, receiver))
    }

    fn failed(&self, method: &'static str, begun: Instant, error: &grpcio::Error) -> CallError {
        let error = CallError::new(method, self.target.clone(), begun.elapsed(), error);
        match &self.route {
            Route::One(line) => error.on(line.channel().check_connectivity_state(false)),
            Route::Many(_) => error,
        }
    }
}

fn header<'a>(headers: &'a Metadata, name: &str) -> Option<&'a [u8]> {
    headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn time(milliseconds_since_1970: &str) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds_since_1970.parse().ok()?))
}
