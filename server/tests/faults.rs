//! What goes wrong inside a server stays there: panics, a store that fails, calls that outlast the drain.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use async_std::task::block_on;
use common::{TestServer, patiently, serve, serve_on, start};
use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt as _, Shared, ready};
use futures::{SinkExt as _, StreamExt as _};
use grpcio::{CallOption, RpcStatus, RpcStatusCode, WriteFlags};
use protobuf::Message as _;
use ticketing_proto::error_details::RetryInfo;
use ticketing_proto::health::HealthCheckRequest;
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::health_grpc::HealthClient;
use ticketing_proto::reflection_v1::ServerReflectionRequest;
use ticketing_proto::reflection_v1_grpc::ServerReflectionClient;
use ticketing_proto::status::Status;
use ticketing_proto::ticketing::{CreateCustomerRequest, GetCustomerRequest, ListCustomersRequest};
use ticketing_server::Drained;
use ticketing_server::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};
use ticketing_server::store::{Created, MemoryStore, Page, Store, StoreError};

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

fn failure<T: std::fmt::Debug>(outcome: grpcio::Result<T>) -> RpcStatus {
    match outcome {
        Err(grpcio::Error::RpcFailure(status)) => status,
        other => panic!("{other:?}"),
    }
}

fn some_customer() -> GetCustomerRequest {
    GetCustomerRequest { id: CustomerId::new().to_string(), ..Default::default() }
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

#[test]
fn a_drain_tells_watchers_not_serving_and_ends_them() {
    let server = serve();
    let client = HealthClient::new(server.channel());
    let mut known = client.watch_opt(&HealthCheckRequest::default(), patiently()).expect("begun");
    let unknown = HealthCheckRequest { service: "ticketing.Nobody".to_owned(), ..Default::default() };
    let mut unknown = client.watch_opt(&unknown, patiently()).expect("begun");
    let next = |watch: &mut grpcio::ClientSStreamReceiver<_>| {
        block_on(watch.next()).map(|status: grpcio::Result<ticketing_proto::health::HealthCheckResponse>| {
            status.map(|response| response.status.enum_value_or_default())
        })
    };
    assert_eq!(next(&mut known).expect("a status").expect("no error"), ServingStatus::SERVING);
    assert_eq!(next(&mut unknown).expect("a status").expect("no error"), ServingStatus::SERVICE_UNKNOWN);
    assert_eq!(server.drain(), Drained::Clean);
    assert_eq!(next(&mut known).expect("a status").expect("no error"), ServingStatus::NOT_SERVING);
    assert!(next(&mut known).is_none(), "the watch has ended");
    assert!(next(&mut unknown).is_none(), "the watch has ended");
}

/// Answers `get` only once it is told to.
struct SlowStore {
    asked: async_std::channel::Sender<()>,
    go: Shared<oneshot::Receiver<()>>,
}

impl Store for SlowStore {
    fn get(&self, _: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let (asked, go) = (self.asked.clone(), self.go.clone());
        async move {
            asked.send(()).await.expect("the test listens");
            go.await.expect("the test says when");
            Ok(None)
        }
        .boxed()
    }

    fn create(&self, _: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        unreachable!("no test creates")
    }

    fn list(&self, _: Position, _: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        unreachable!("no test lists")
    }
}

fn serve_slowly(flags: &[&str]) -> (TestServer, async_std::channel::Receiver<()>, oneshot::Sender<()>) {
    let (asked, when_asked) = async_std::channel::unbounded();
    let (go, told) = oneshot::channel();
    (serve_on(SlowStore { asked, go: told.shared() }, flags), when_asked, go)
}

#[test]
fn a_call_that_is_here_when_the_drain_begins_is_answered() {
    let (server, when_asked, go) = serve_slowly(&[]);
    let call = server.customers().get_customer_async_opt(&some_customer(), patiently()).expect("begun");
    block_on(when_asked.recv()).expect("the call has arrived");
    let watch = HealthClient::new(server.channel());
    let mut watch = watch.watch_opt(&HealthCheckRequest::default(), patiently()).expect("begun");
    block_on(watch.next()).expect("a status").expect("SERVING");
    let draining = std::thread::spawn(move || server.drain());
    block_on(watch.next()).expect("a status").expect("NOT_SERVING: the drain has begun");
    go.send(()).expect("the store waits");
    assert_eq!(failure(block_on(call)).code(), RpcStatusCode::NOT_FOUND);
    assert_eq!(draining.join().expect("it drains"), Drained::Clean);
}

#[test]
fn a_call_that_outlasts_the_drain_timeout_is_cut_and_the_drain_says_so() {
    let (server, when_asked, _never) = serve_slowly(&["--drain-delay", "0s", "--drain-timeout", "1ms"]);
    let call = server.customers().get_customer_async_opt(&some_customer(), patiently()).expect("begun");
    block_on(when_asked.recv()).expect("the call has arrived");
    assert_eq!(server.drain(), Drained::Cut);
    let code = failure(block_on(call)).code();
    assert!([RpcStatusCode::UNAVAILABLE, RpcStatusCode::CANCELLED].contains(&code), "{code}");
}

#[test]
fn a_drain_ends_idle_reflection_streams_and_is_clean() {
    let server = serve();
    let client = ServerReflectionClient::new(server.channel());
    let (mut requests, mut responses) = client.server_reflection_info_opt(patiently()).expect("begun");
    let mut list = ServerReflectionRequest::new();
    list.set_list_services(String::new());
    block_on(requests.send((list, WriteFlags::default()))).expect("sent");
    block_on(responses.next()).expect("an answer").expect("no error");
    assert_eq!(server.drain(), Drained::Clean);
    let end = block_on(responses.next());
    assert!(end.is_none(), "the stream has ended in order: {end:?}");
}

/// The default `DRAIN_TIMEOUT` would be over long after the test's own patience.
#[test]
fn peers_that_are_connected_without_a_call_do_not_hold_the_drain_and_are_not_taken_for_calls_that_were_cut() {
    let server = serve_on(MemoryStore::new(), &["--drain-delay", "0s", "--drain-timeout", "1h"]);
    let _silent = TcpStream::connect(server.grpc).expect("the port is open");
    let mut frozen = TcpStream::connect(server.grpc).expect("the port is open");
    // The preface and empty SETTINGS of HTTP/2, and then it never reads nor writes again.
    frozen.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("sent");
    frozen.read_exact(&mut [0; 9]).expect("the server's SETTINGS");
    assert_eq!(server.drain(), Drained::Clean);
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
