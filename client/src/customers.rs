//! Typed calls of the customer service.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use grpcio::{CallOption, ClientUnaryReceiver, Metadata, MetadataBuilder};
use protobuf::Message;
use ticketing_proto::ticketing::{
    CreateCustomerRequest, Customer, CustomerList, GetCustomerRequest, ListCustomersRequest,
};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

use crate::{CallError, Channel, MAX_DEADLINE, Target};

/// The request header, with the value `true`, that tells a proxy that a `CreateCustomer` carries a `request_id` and may
/// therefore be sent again.
pub const IDEMPOTENT_HEADER: &str = "x-idempotent";

const POD_HEADER: &str = "x-pod-name";
const REPLAYED_HEADER: &str = "x-request-replayed";

/// What a call brought back, and who answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The answer itself.
    pub value: T,
    /// The pod that answered, where it says so (`x-pod-name`).
    pub pod: Option<String>,
    /// Whether a create only repeated an earlier answer (`x-request-replayed`).
    ///
    /// That is also so when a proxy or this client sent the create again because the first answer was lost.
    pub replayed: bool,
}

/// Calls of the customer service on one channel. Cheap to clone.
#[derive(Clone)]
pub struct Customers {
    client: CustomerControllerClient,
    target: Arc<Target>,
    deadline: Duration,
}

impl Customers {
    pub(crate) fn new(channel: &Channel) -> Self {
        Self {
            client: CustomerControllerClient::new(channel.inner()),
            target: channel.target().clone(),
            deadline: channel.deadline(),
        }
    }

    /// The same calls with another deadline, cut to [`MAX_DEADLINE`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline: deadline.min(MAX_DEADLINE), ..self.clone() }
    }

    /// How long each call may take.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The customer with this id; `NOT_FOUND` if there is none. An empty id is the identity probe.
    pub async fn get(&self, id: &str) -> Result<Answer<Customer>, CallError> {
        let request = GetCustomerRequest { id: id.to_owned(), ..GetCustomerRequest::new() };
        self.answer("GetCustomer", || self.client.get_customer_async_opt(&request, self.options())).await
    }

    /// The name of the pod that serves this call: the identity probe, without looking at anything but its answer.
    pub async fn identify(&self) -> Result<String, CallError> {
        let call = || self.client.get_customer_async_opt(GetCustomerRequest::default_instance(), self.options());
        let (customer, _) = self.finish("GetCustomer", call).await?;
        Ok(customer.id)
    }

    /// Stores a new customer. With a `request_id` the same call may be sent again without making a second one;
    /// without, a failed create may or may not have happened.
    pub async fn create(&self, request: &CreateCustomerRequest) -> Result<Answer<Customer>, CallError> {
        self.answer("CreateCustomer", || {
            let mut options = self.options();
            if !request.request_id.is_empty() {
                options = options.headers(idempotent()?);
            }
            self.client.create_customer_async_opt(request, options)
        })
        .await
    }

    /// One page of customers, oldest first. A `page_size` of 0 leaves the size to the server; `page_token` is that of
    /// the page before, or empty.
    pub async fn list(&self, page_size: i32, page_token: &str) -> Result<Answer<CustomerList>, CallError> {
        let request =
            ListCustomersRequest { page_size, page_token: page_token.to_owned(), ..ListCustomersRequest::new() };
        self.answer("ListCustomers", || self.client.list_customers_async_opt(&request, self.options())).await
    }

    /// Runs `task` on the thread of the channel's completion queue, where its calls cost least: no thread is woken for
    /// an answer. It must not block.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.client.spawn(task);
    }

    fn options(&self) -> CallOption {
        CallOption::default().timeout(self.deadline)
    }

    async fn answer<T>(
        &self,
        method: &'static str,
        start: impl FnOnce() -> grpcio::Result<ClientUnaryReceiver<T>>,
    ) -> Result<Answer<T>, CallError> {
        let begun = Instant::now();
        let (value, mut receiver) = self.finish(method, start).await?;
        let headers = receiver.headers().await.map_err(|error| self.failed(method, begun, &error))?;
        Ok(Answer {
            value,
            pod: header(headers, POD_HEADER).map(|name| String::from_utf8_lossy(name).into_owned()),
            replayed: header(headers, REPLAYED_HEADER) == Some(b"true"),
        })
    }

    /// The decoded answer, and its receiver with the metadata.
    async fn finish<T>(
        &self,
        method: &'static str,
        start: impl FnOnce() -> grpcio::Result<ClientUnaryReceiver<T>>,
    ) -> Result<(T, ClientUnaryReceiver<T>), CallError> {
        let begun = Instant::now();
        let mut receiver = start().map_err(|error| self.failed(method, begun, &error))?;
        let value = receiver.message().await.map_err(|error| self.failed(method, begun, &error))?;
        Ok((value, receiver))
    }

    fn failed(&self, method: &'static str, begun: Instant, error: &grpcio::Error) -> CallError {
        CallError::new(method, self.target.clone(), begun.elapsed(), error)
    }
}

fn idempotent() -> grpcio::Result<Metadata> {
    let mut headers = MetadataBuilder::with_capacity(1);
    headers.add_str(IDEMPOTENT_HEADER, "true")?;
    Ok(headers.build())
}

fn header<'a>(headers: &'a Metadata, name: &str) -> Option<&'a [u8]> {
    headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}
