use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _, ready};
use grpcio::Method;
use ticketing_proto::ticketing::{Customer, GetCustomerRequest};
use ticketing_proto::ticketing_grpc::METHOD_CUSTOMER_CONTROLLER_GET_CUSTOMER;

use super::{Answer, Kind, Refusal, Unary, message};
use crate::customer::CustomerId;
use crate::store::Store;

#[derive(Clone)]
pub(super) struct GetCustomer {
    store: Arc<dyn Store>,
    identity: Customer,
}

impl GetCustomer {
    pub(super) fn new(store: Arc<dyn Store>, pod_name: &str) -> Self {
        // The answer of the first version of the service, to the letter: its callers compare it.
        let identity = Customer {
            id: pod_name.to_owned(),
            first_name: "acac".to_owned(),
            last_name: "accqqq".to_owned(),
            ..Customer::default()
        };
        Self { store, identity }
    }
}

impl Unary for GetCustomer {
    type Request = GetCustomerRequest;
    type Response = Customer;
    const TITLE: &'static str = "Get Customer";
    const WATCHED: bool = false;

    fn method() -> &'static Method<GetCustomerRequest, Customer> {
        &METHOD_CUSTOMER_CONTROLLER_GET_CUSTOMER
    }

    fn call(&mut self, request: GetCustomerRequest) -> BoxFuture<'static, Result<Answer<Customer>, Refusal>> {
        if request.id.is_empty() {
            return ready(Ok(Answer { message: self.identity.clone(), kind: Kind::Identity })).boxed();
        }
        let Ok(id) = request.id.parse::<CustomerId>() else {
            return ready(Err(Refusal::NoSuchCustomer)).boxed();
        };
        let found = self.store.get(id);
        async move {
            let customer = found.await?.ok_or(Refusal::NoSuchCustomer)?;
            Ok(Answer::new(message(customer)))
        }
        .boxed()
    }
}
