use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _, ready};
use grpcio::Method;
use ticketing_proto::ticketing::{CreateCustomerRequest, Customer};
use ticketing_proto::ticketing_grpc::METHOD_CUSTOMER_CONTROLLER_CREATE_CUSTOMER;

use super::status::Violations;
use super::{Answer, Kind, Refusal, Unary, message};
use crate::customer::{CustomerId, NewCustomer};
use crate::store::Store;

#[derive(Clone)]
pub(super) struct CreateCustomer {
    store: Arc<dyn Store>,
}

impl CreateCustomer {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

impl Unary for CreateCustomer {
    type Request = CreateCustomerRequest;
    type Response = Customer;
    const TITLE: &'static str = "Create Customer";
    const WATCHED: bool = true;

    fn method() -> &'static Method<CreateCustomerRequest, Customer> {
        &METHOD_CUSTOMER_CONTROLLER_CREATE_CUSTOMER
    }

    fn call(&mut self, request: CreateCustomerRequest) -> BoxFuture<'static, Result<Answer<Customer>, Refusal>> {
        let new = match checked(&request) {
            Ok(new) => new,
            Err(refusal) => return ready(Err(refusal)).boxed(),
        };
        let created = self.store.create(new);
        async move {
            let created = created.await?;
            let kind = if created.replayed { Kind::Replayed } else { Kind::First };
            Ok(Answer { message: message(created.customer), kind })
        }
        .boxed()
    }
}

fn checked(request: &CreateCustomerRequest) -> Result<NewCustomer, Refusal> {
    let mut violations = Violations::default();
    let first_name = violations.check("first_name", request.first_name.parse());
    let last_name = violations.check("last_name", request.last_name.parse());
    let request_id = match request.request_id.as_str() {
        "" => Some(None),
        given => violations.check("request_id", given.parse()).map(Some),
    };
    match (first_name, last_name, request_id) {
        (Some(first_name), Some(last_name), Some(request_id)) => {
            Ok(NewCustomer { id: CustomerId::new(), first_name, last_name, request_id })
        }
        _ => Err(Refusal::Unfit(violations)),
    }
}
