//! What goes wrong inside a server stays there: panics, a store that fails or is not there, callers who leave.

mod common;

use std::time::Duration;

use async_std::task::block_on;
use common::{error_info, failure, patiently, serve, serve_on, some_customer, start};
use futures::future::{BoxFuture, FutureExt as _, ready};
use grpcio::{CallOption, RpcStatusCode};
use protobuf::Message as _;
use ticketing_proto::error_details::RetryInfo;
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::status::Status;
use ticketing_proto::ticketing::{CreateCustomerRequest, GetCustomerRequest, ListCustomersRequest};
use ticketing_server::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};
use ticketing_server::store::{Created, Page, Store, StoreError};

/// Panics before it has a future, panics in its future, and is not there: one fault for each operation.
struct FaultyStore;

impl Store for FaultyStore {
    fn get(&self, _: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        panic!("planted, before the future")
    }

    fn create(&self, _: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        async { panic!("planted, in the future") }.boxed()
    }

    fn list(&self, _: Position, _: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        ready(Err(StoreError::Unavailable { cause: "secret cause".to_owned() })).boxed()
    }
}

fn new_customer() -> CreateCustomerRequest {
    CreateCustomerRequest { first_name: "Ada".to_owned(), last_name: "Lovelace".to_owned(), ..Default::default() }
}

/// Its customers have names that no server gave them.
struct OverfullStore;

impl Store for OverfullStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let first_name = "x".repeat(4 << 20);
        ready(Ok(Some(Customer { id, first_name, last_name: String::new() }))).boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        let found = self.get(new.id);
        async { Ok(Created { customer: found.await?.expect("found"), replayed: false }) }.boxed()
    }

    fn list(&self, _: Position, _: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        ready(Err(StoreError::Unavailable { cause: String::new() })).boxed()
    }
}

#[test]
fn an_answer_over_4_mib_is_resource_exhausted_and_the_server_goes_on() {
    let server = serve_on(OverfullStore, &["--workers", "1"]);
    let of_get = failure(server.customers().get_customer_opt(&some_customer(), patiently()));
    let of_create = failure(server.customers().create_customer_opt(&new_customer(), patiently()));
    for status in [of_get, of_create] {
        assert_eq!(status.code(), RpcStatusCode::RESOURCE_EXHAUSTED);
        assert!(status.message().starts_with("the answer"), "not the client's own limit: {status:?}");
    }
    server.customers().get_customer_opt(&GetCustomerRequest::default(), patiently()).expect("it goes on");
}

#[test]
fn a_handler_that_panics_answers_internal_and_the_server_goes_on() {
    let server = serve_on(FaultyStore, &["--workers", "1"]);
    for _ in 0..3 {
        let status = failure(server.customers().get_customer_opt(&some_customer(), patiently()));
        assert_eq!(status.code(), RpcStatusCode::INTERNAL);
        let status = failure(server.customers().create_customer_opt(&new_customer(), patiently()));
        assert_eq!(status.code(), RpcStatusCode::INTERNAL);
        assert!(!status.message().contains("planted"), "causes stay in the log: {status:?}");
    }
    server.customers().get_customer_opt(&GetCustomerRequest::default(), patiently()).expect("it goes on");
    let (_, metrics) = server.get("/metrics");
    assert!(metrics.contains(r#"grpc_server_handled_total{grpc_code="Internal",grpc_method="GetCustomer",grpc_service="ticketing.CustomerController",grpc_type="unary"} 3"#));
    // A caller has its answer a moment before the server knows that it is sent.
    testbed::until_true("no call is in flight", || {
        server.get("/metrics").1.contains(r#"grpc_server_in_flight{grpc_method="GetCustomer",grpc_service="ticketing.CustomerController",grpc_type="unary"} 0"#)
    })
    .expect("soon");
}

#[test]
fn a_store_that_is_away_is_unavailable_and_says_when_to_come_back_but_health_goes_on() {
    let server = serve_on(FaultyStore, &[]);
    let status = failure(server.customers().list_customers_opt(&ListCustomersRequest::default(), patiently()));
    assert_eq!(status.code(), RpcStatusCode::UNAVAILABLE);
    assert!(!status.message().contains("secret"), "{status:?}");
    let details = Status::parse_from_bytes(status.details()).expect("details").details;
    let retry = details[0].unpack::<RetryInfo>().expect("it unpacks").expect("it is RetryInfo");
    assert!(retry.retry_delay.nanos > 0);
    assert_eq!(server.health("").expect("known"), ServingStatus::SERVING);
    assert_eq!(server.get("/readyz").0, 200);
}

#[test]
fn a_refusal_tells_programs_its_reason_and_who_refused() {
    let server = serve_on(FaultyStore, &[]);
    let customers = server.customers();
    let unfit = CreateCustomerRequest::default();
    for (refused, reason) in [
        (failure(customers.get_customer_opt(&some_customer(), patiently())), "PANICKED"),
        (failure(customers.create_customer_opt(&unfit, patiently())), "UNFIT_FIELDS"),
        (failure(customers.list_customers_opt(&ListCustomersRequest::default(), patiently())), "STORE_UNAVAILABLE"),
        (failure(server.health("ticketing.Nobody")), "NO_SUCH_SERVICE"),
    ] {
        let info = error_info(&refused);
        assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "ticketing"));
        assert_eq!(info.metadata["pod"], "pod-a", "{reason}");
    }
}

#[test]
fn health_knows_the_server_and_its_service_and_nothing_else() {
    let server = serve();
    for service in ["", "ticketing.CustomerController", "live"] {
        assert_eq!(server.health(service).expect("known"), ServingStatus::SERVING);
    }
    assert_eq!(failure(server.health("ticketing.Nobody")).code(), RpcStatusCode::NOT_FOUND);
}

#[test]
fn a_server_without_its_store_does_not_serve_but_is_alive_so_that_nobody_restarts_it() {
    let server = start(&[]);
    assert_eq!(server.health("ticketing.CustomerController").expect("known"), ServingStatus::NOT_SERVING);
    assert_eq!(server.health("live").expect("known"), ServingStatus::SERVING);
}

/// Notes which creates it was asked for and whether their futures were dropped.
struct WatchedStore {
    asked: async_std::channel::Sender<()>,
    dropped: async_std::channel::Sender<()>,
}

struct Noted(async_std::channel::Sender<()>);

impl Drop for Noted {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

impl Store for WatchedStore {
    fn get(&self, _: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        unreachable!("no test reads")
    }

    fn create(&self, _: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        let (asked, noted) = (self.asked.clone(), Noted(self.dropped.clone()));
        async move {
            let _noted = noted;
            asked.send(()).await.expect("the test listens");
            std::future::pending().await
        }
        .boxed()
    }

    fn list(&self, _: Position, _: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        let (asked, noted) = (self.asked.clone(), Noted(self.dropped.clone()));
        async move {
            let _noted = noted;
            asked.send(()).await.expect("the test listens");
            std::future::pending().await
        }
        .boxed()
    }
}

#[test]
fn a_call_that_is_cancelled_or_expired_stops_using_the_store() {
    let (asked, when_asked) = async_std::channel::unbounded();
    let (dropped, when_dropped) = async_std::channel::unbounded();
    let server = serve_on(WatchedStore { asked, dropped }, &[]);
    let create = server.customers().create_customer_async_opt(&new_customer(), patiently()).expect("begun");
    block_on(when_asked.recv()).expect("it is asked");
    let mut create = create;
    create.cancel();
    block_on(when_dropped.recv()).expect("it is dropped");
    let soon = CallOption::default().timeout(Duration::from_millis(200));
    let list = server.customers().list_customers_opt(&ListCustomersRequest::default(), soon);
    assert_eq!(failure(list).code(), RpcStatusCode::DEADLINE_EXCEEDED);
    block_on(when_dropped.recv()).expect("it is dropped");
    // An expired call is counted under the code of what the server sees first: its own clock, or the reset of a caller
    // whose clock began earlier.
    for (method, codes) in [("CreateCustomer", &["Canceled"][..]), ("ListCustomers", &["DeadlineExceeded", "Canceled"])]
    {
        let counted = |code: &&str| {
            server.get("/metrics").1.contains(&format!(
                "grpc_server_handled_total{{grpc_code=\"{code}\",grpc_method=\"{method}\",\
                 grpc_service=\"ticketing.CustomerController\",grpc_type=\"unary\"}} 1"
            ))
        };
        testbed::until_true(&format!("{method} is counted"), || codes.iter().any(counted)).expect("soon");
    }
}
