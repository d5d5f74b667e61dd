use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _, ready};
use grpcio::Method;
use ticketing_proto::ticketing::{CustomerList, ListCustomersRequest};
use ticketing_proto::ticketing_grpc::METHOD_CUSTOMER_CONTROLLER_LIST_CUSTOMERS;

use super::status::Violations;
use super::{Answer, Refusal, Unary, message};
use crate::customer::{PageSize, Position};
use crate::store::Store;

#[derive(Clone)]
pub(super) struct ListCustomers {
    store: Arc<dyn Store>,
}

impl ListCustomers {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

impl Unary for ListCustomers {
    type Request = ListCustomersRequest;
    type Response = CustomerList;
    const TITLE: &'static str = "List Customers";
    const WATCHED: bool = true;

    fn method() -> &'static Method<ListCustomersRequest, CustomerList> {
        &METHOD_CUSTOMER_CONTROLLER_LIST_CUSTOMERS
    }

    fn call(&mut self, request: ListCustomersRequest) -> BoxFuture<'static, Result<Answer<CustomerList>, Refusal>> {
        let (after, size) = match checked(&request) {
            Ok(page) => page,
            Err(refusal) => return ready(Err(refusal)).boxed(),
        };
        let page = self.store.list(after, size);
        async move {
            let page = page.await?;
            Ok(Answer::new(CustomerList {
                customers: page.customers.into_iter().map(message).collect(),
                next_page_token: page.next.map(Position::to_page_token).unwrap_or_default(),
                ..CustomerList::default()
            }))
        }
        .boxed()
    }
}

fn checked(request: &ListCustomersRequest) -> Result<(Position, PageSize), Refusal> {
    let mut violations = Violations::default();
    let after = violations.check("page_token", Position::from_page_token(&request.page_token));
    let size = violations.check("page_size", PageSize::try_from(request.page_size));
    after.zip(size).ok_or(Refusal::Unfit(violations))
}
