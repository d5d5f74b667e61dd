//! How a server ends: who is told, who is answered, who is cut, and what may still lie about.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use async_std::task::block_on;
use common::raw::{frame, headers, message, preface, start_of_call};
use common::{TestServer, connect, failure, patiently, serve, serve_on, some_customer};
use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt as _, Shared, ready};
use futures::{SinkExt as _, StreamExt as _};
use grpcio::{RpcStatusCode, WriteFlags};
use ticketing_proto::health::HealthCheckRequest;
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::health_grpc::HealthClient;
use ticketing_proto::reflection_v1::ServerReflectionRequest;
use ticketing_proto::reflection_v1_grpc::ServerReflectionClient;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;
use ticketing_server::Drained;
use ticketing_server::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};
use ticketing_server::store::{Created, MemoryStore, Page, Store, StoreError};

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

/// An acknowledgement that comes when a server has closed its connections is answered by a reset, which can overtake the
/// server's last answers. (The ping of a graceful GOAWAY does no harm: C-core waits for its acknowledgement.)
#[test]
fn a_server_leaves_its_callers_no_ping_to_acknowledge() {
    const CREATE: &str = "/ticketing.CustomerController/CreateCustomer";
    const HEADERS: u8 = 1;
    const PING: u8 = 6;
    const END_STREAM: u8 = 1;
    const ACK: u8 = 1;
    let server = serve();
    let mut caller = TcpStream::connect(server.grpc).expect("the port is open");
    caller.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let mut say_until = |said: &[u8], kind: u8, flag: u8| {
        caller.write_all(said).expect("sent");
        loop {
            let mut head = [0; 9];
            caller.read_exact(&mut head).expect("a frame");
            caller
                .read_exact(&mut vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize])
                .expect("whole");
            assert!(head[3] != PING || head[4] == ACK, "a ping of the server's own");
            if head[3] == kind && head[4] & flag != 0 {
                break;
            }
        }
    };
    // By default C-core pings when it reads again after it has answered.
    say_until(&[start_of_call(CREATE), message(1, 0)].concat(), HEADERS, END_STREAM);
    say_until(&[headers(3, CREATE), message(3, 0)].concat(), HEADERS, END_STREAM);
    say_until(&frame(PING, 0, 0, &[7; 8]), PING, ACK);
}

/// The default `DRAIN_TIMEOUT` would be over long after the test's own patience.
#[test]
fn peers_that_are_connected_without_a_call_do_not_hold_the_drain_and_are_not_taken_for_calls_that_were_cut() {
    let server = serve_on(MemoryStore::new(), &["--drain-delay", "0s", "--drain-timeout", "1h"]);
    let _silent = TcpStream::connect(server.grpc).expect("the port is open");
    let mut frozen = TcpStream::connect(server.grpc).expect("the port is open");
    // And then it never reads nor writes again.
    frozen.write_all(&preface()).expect("sent");
    frozen.read_exact(&mut [0; 9]).expect("the server's SETTINGS");
    assert_eq!(server.drain(), Drained::Clean);
}

/// Tells which queue's thread asks it, and keeps that of the second queue once it is told to.
#[derive(Clone)]
struct StickyStore {
    askers: async_std::channel::Sender<String>,
    sticky: Arc<AtomicBool>,
    go: Arc<Mutex<mpsc::Receiver<()>>>,
}

const SECOND_QUEUE: &str = "grpc-1";

impl Store for StickyStore {
    fn get(&self, _: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let store = self.clone();
        async move {
            let asker = thread::current().name().unwrap_or_default().to_owned();
            let sticks = asker == SECOND_QUEUE && store.sticky.load(Ordering::Relaxed);
            store.askers.send(asker).await.expect("the test listens");
            if sticks {
                store.go.lock().expect("one at a time").recv().expect("the test says when");
            }
            Ok(None)
        }
        .boxed()
    }

    fn create(&self, _: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        unreachable!("no test creates")
    }

    fn list(&self, _: Position, _: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        ready(Err(StoreError::Unavailable { cause: String::new() })).boxed()
    }
}

/// The process would abort: it is C-core's assertion that speaks.
#[test]
#[allow(clippy::disallowed_methods, reason = "this thread is the test's own")]
fn a_request_that_its_caller_left_on_a_queue_that_is_behind_does_not_end_the_process() {
    let (askers, when_asked) = async_std::channel::unbounded();
    let (go, told) = mpsc::channel();
    let sticky = Arc::new(AtomicBool::new(false));
    let store = StickyStore { askers, sticky: Arc::clone(&sticky), go: Arc::new(Mutex::new(told)) };
    let server = serve_on(store, &["--workers", "2"]);
    let mut on_second_queue = Vec::new();
    for channel in (0..8).map(|_| connect(server.grpc)) {
        let customers = CustomerControllerClient::new(channel);
        failure(customers.get_customer_opt(&some_customer(), patiently()));
        if block_on(when_asked.recv()).expect("a thread's name") == SECOND_QUEUE {
            on_second_queue.push(customers);
        }
    }
    sticky.store(true, Ordering::Relaxed);
    let call = |caller: &CustomerControllerClient| caller.get_customer_async_opt(&some_customer(), patiently());
    let [keeping, leaving, ..] = &on_second_queue[..] else { panic!("eight connections are on two queues") };
    let kept = call(keeping).expect("begun");
    block_on(when_asked.recv()).expect("the second queue's thread is kept");
    let left: Vec<_> = (0..10).map(|_| call(leaving).expect("begun")).collect();
    // Nothing tells that the other thread has read them. Were it later, the test would only prove less.
    thread::sleep(Duration::from_millis(200));
    drop((kept, left));
    drop(on_second_queue);
    let draining = thread::spawn(move || server.drain());
    thread::sleep(Duration::from_millis(300));
    sticky.store(false, Ordering::Relaxed);
    go.send(()).expect("the store waits");
    assert_eq!(draining.join().expect("it drains"), Drained::Clean);
    // The store is gone when nothing is left on the queues.
    while block_on(when_asked.recv()).is_ok() {}
}
