//! The callers' side of the client library, with attempts counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ticketing_client::{Answer, CallError, Channels, CreateCustomerRequest, Safety, Target};
use ticketing_proto::ticketing::{Customer, GetCustomerRequest};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

use super::Policy;

/// A connection is replaced when it is about this old.
const AGE: Duration = Duration::from_secs(10);

/// The channels of one process, and how many attempts have been made on them.
#[derive(Clone)]
pub(super) struct Connections(Channels);

impl Connections {
    /// What is kept for ever is only the single connection, as the original client has it.
    pub(super) fn open(policy: Policy, hedged: bool, target: Target) -> Self {
        let age = (policy != Policy::Single).then_some(AGE);
        Self(Channels::builder(target).policy(policy.of_library()).max_age(age).hedged_reads(hedged).build())
    }

    pub(super) async fn get(&self, id: &str, attempts: &AtomicU64) -> Result<Answer<Customer>, CallError> {
        let request = GetCustomerRequest { id: id.to_owned(), ..GetCustomerRequest::new() };
        let call = |channel, options| {
            attempts.fetch_add(1, Ordering::Relaxed);
            CustomerControllerClient::new(channel).get_customer_async_opt(&request, options)
        };
        self.0.call("GetCustomer", Safety::Read, call).await
    }

    pub(super) async fn create(
        &self,
        request: &CreateCustomerRequest,
        attempts: &AtomicU64,
    ) -> Result<Answer<Customer>, CallError> {
        let call = |channel, options| {
            attempts.fetch_add(1, Ordering::Relaxed);
            CustomerControllerClient::new(channel).create_customer_async_opt(request, options)
        };
        self.0.call("CreateCustomer", Safety::Idempotent, call).await
    }
}
