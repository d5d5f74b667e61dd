//! An examination of servers at which one thing is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use grpcio::{
    DuplexSink, EnvBuilder, Environment, RequestStream, RpcContext, RpcStatus, RpcStatusCode, Server as Grpc,
    ServerBuilder, ServerCredentials, UnarySink,
};
use rustix::process::Signal;
use serde_json::Value;
use ticketing_proto::health::{HealthCheckRequest, HealthCheckResponse};
use ticketing_proto::health_grpc::{Health, create_health};
use ticketing_proto::reflection_v1::{ServerReflectionRequest, ServerReflectionResponse};
use ticketing_proto::reflection_v1_grpc::{ServerReflection, create_server_reflection};
use ticketing_proto::ticketing::{Customer, GetCustomerRequest};
use ticketing_proto::ticketing_grpc::{CustomerController, create_customer_controller};

use crate::misfits::{self, NotServing};
use crate::program::{Background, program, run};
use crate::server::Server;

/// The exit code and all findings.
fn examined(port: u16) -> (Option<i32>, Value) {
    let ended = run(port, &["--output", "json", "doctor"]);
    (ended.code, ended.json())
}

fn finding<'a>(examination: &'a Value, check: &str) -> &'a Value {
    let checks = examination["checks"].as_array().expect("a list");
    checks.iter().find(|each| each["check"] == check).unwrap_or_else(|| panic!("no {check} in {examination}"))
}

/// Asserts that it is the first fault, says what is wrong, and what to do.
fn faulty(port: u16, check: &str, found: &str) -> Value {
    let (code, examination) = examined(port);
    let first = examination["checks"].as_array().expect("a list").iter().find(|each| each["verdict"] == "fault");
    let first = first.unwrap_or_else(|| panic!("no fault in {examination}"));
    assert_eq!((code, &first["check"]), (Some(1), &check.into()), "{examination}");
    assert!(first["found"].as_str().unwrap().contains(found), "{first}");
    assert!(first["next"].is_string(), "{first}");
    examination
}

/// Answers all calls as Envoy does where no server behind it is ready.
struct Deserted {
    port: u16,
    _server: Grpc,
    _environment: Arc<Environment>,
}

impl Deserted {
    fn start() -> Self {
        let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
        let mut server = ServerBuilder::new(environment.clone())
            .register_service(create_customer_controller(Nobody))
            .register_service(create_health(Nobody))
            .register_service(create_server_reflection(Nobody))
            .build()
            .expect("the services can be set up");
        let port = server.add_listening_port("127.0.0.1:0", ServerCredentials::insecure()).expect("a free port");
        server.start();
        Self { port, _server: server, _environment: environment }
    }
}

#[derive(Clone)]
struct Nobody;

fn no_healthy_upstream() -> RpcStatus {
    RpcStatus::with_message(RpcStatusCode::UNAVAILABLE, "no healthy upstream".to_owned())
}

impl CustomerController for Nobody {
    fn get_customer(&mut self, ctx: RpcContext<'_>, _: GetCustomerRequest, sink: UnarySink<Customer>) {
        ctx.spawn(async move { drop(sink.fail(no_healthy_upstream()).await) });
    }
}

impl Health for Nobody {
    fn check(&mut self, ctx: RpcContext<'_>, _: HealthCheckRequest, sink: UnarySink<HealthCheckResponse>) {
        ctx.spawn(async move { drop(sink.fail(no_healthy_upstream()).await) });
    }
}

impl ServerReflection for Nobody {
    fn server_reflection_info(
        &mut self,
        ctx: RpcContext<'_>,
        requests: RequestStream<ServerReflectionRequest>,
        sink: DuplexSink<ServerReflectionResponse>,
    ) {
        ctx.spawn(async move {
            let _ = sink.fail(no_healthy_upstream()).await;
            drop(requests);
        });
    }
}

#[test]
fn checks_come_in_the_order_in_which_a_person_would_make_them() {
    let server = Server::start();
    let (code, examination) = examined(server.port);
    let checks: Vec<_> = examination["checks"].as_array().unwrap().iter().map(|each| &each["check"]).collect();
    let order = ["name", "port", "encryption", "http/2", "health", "reflection", "one connection", "new connections"];
    assert_eq!(checks, [&order[..], &["clock", "versions"]].concat());
    assert_eq!(code, Some(0), "{examination}");
    for good in ["name", "port", "encryption", "http/2", "health", "reflection", "clock", "versions"] {
        assert_eq!(finding(&examination, good)["verdict"], "ok", "{good}");
    }
    let clock = finding(&examination, "clock")["found"].as_str().unwrap();
    assert!(clock.starts_with("1 pod, at most "), "{clock}");
}

#[test]
fn a_name_that_nobody_knows_is_a_fault() {
    let ended = program(1).args(["--server-domain", "no-such-host.invalid", "doctor"]).output().unwrap();
    let out = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(out.starts_with("fault    name ") && out.contains("-> check SERVER_DOMAIN"), "{out}");
    assert!(out.contains("no-such-host.invalid does not resolve: failed to lookup"), "{out}");
}

#[test]
fn a_closed_port_is_a_fault_and_what_hangs_on_it_is_skipped() {
    let examination = faulty(misfits::closed(), "port", "refused");
    for skipped in ["http/2", "health", "one connection"] {
        assert_eq!(finding(&examination, skipped)["verdict"], "skipped", "{skipped}");
    }
}

#[test]
fn a_port_that_says_nothing_is_a_fault() {
    faulty(misfits::silent(), "http/2", "nothing is said");
}

#[test]
fn a_port_that_hangs_up_is_a_fault() {
    faulty(misfits::hanging_up(), "http/2", "closed at once");
}

#[test]
fn a_port_that_resets_connections_is_a_fault_and_no_closed_port() {
    let examination = faulty(misfits::resetting(), "http/2", "closed at once");
    assert_eq!(finding(&examination, "port")["verdict"], "ok");
}

#[test]
fn a_port_that_takes_the_opening_of_http_2_for_nonsense_is_asked_in_http_1_too() {
    // As Python's server and a server's admin port do.
    for otherwise in [&b"<!DOCTYPE HTML>\n"[..], b""] {
        faulty(misfits::http_1(otherwise), "http/2", "HTTP/1");
    }
}

#[test]
fn a_port_that_speaks_tls_is_a_fault_however_it_takes_plaintext() {
    faulty(misfits::tls(), "encryption", "TLS");
    faulty(misfits::answering(&[0x15, 3, 1, 0, 2, 2, 70]), "encryption", "TLS");
}

#[test]
fn a_port_that_speaks_http_1_is_a_fault() {
    faulty(misfits::answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "http/2", "HTTP/1");
}

#[test]
fn a_port_that_speaks_something_else_is_a_fault() {
    faulty(misfits::answering(b"SSH-2.0-OpenSSH_9.2\r\n"), "http/2", "something else");
}

#[test]
fn a_server_that_is_not_serving_is_a_fault() {
    let server = NotServing::start();
    let examination = faulty(server.port, "health", "NOT_SERVING");
    assert_eq!(finding(&examination, "one connection")["verdict"], "fault", "it has no customers");
    assert_eq!(finding(&examination, "reflection")["verdict"], "skipped");
    let found = finding(&examination, "one connection")["found"].as_str().unwrap();
    assert!(found.starts_with("3 of 3 calls failed, and no more were made; the last: "), "{found}");
}

#[test]
fn a_proxy_without_a_server_behind_it_is_told_from_a_server() {
    let proxy = Deserted::start();
    let examination = faulty(proxy.port, "health", "UNAVAILABLE: no healthy upstream");
    for check in ["health", "reflection", "one connection"] {
        let finding = finding(&examination, check);
        assert!(finding["next"].as_str().unwrap().contains("no server behind it is ready"), "{finding}");
    }
    let clock = finding(&examination, "clock");
    let why = "no answer that could tell the time: UNAVAILABLE: no healthy upstream";
    assert!(clock["verdict"] == "skipped" && clock["found"].as_str().unwrap().contains(why), "{clock}");
    let told = run(proxy.port, &["doctor"]).out;
    assert!(!told.contains("RpcFailure") && !told.contains("14-") && !told.contains("try again"), "{told}");
    assert!(told.contains("-> a proxy answered, and no server behind it is ready"), "{told}");
}

#[test]
fn one_pod_alone_is_a_warning() {
    let server = Server::start();
    let (code, examination) = examined(server.port);
    let one = finding(&examination, "one connection");
    assert_eq!((code, &one["verdict"]), (Some(0), &"warning".into()));
    assert!(one["found"].as_str().unwrap().contains("50 calls were answered by 1 pod: pod-a 50"), "{one}");
    assert!(one["next"].as_str().unwrap().contains("where one pod is all that there should be"), "{one}");
    assert_eq!(finding(&examination, "new connections")["verdict"], "ok", "one warning is enough");
}

/// As where the first address of a name does not answer: each connection is kept waiting until that is given up.
#[test]
fn new_connections_that_take_long_are_a_warning() {
    let server = Server::start();
    let port = misfits::balanced_after(Duration::from_millis(1_100), vec![server.port]);
    let (code, examination) = examined(port);
    let new = finding(&examination, "new connections");
    assert_eq!((code, &new["verdict"]), (Some(0), &"warning".into()), "{examination}");
    assert!(new["found"].as_str().unwrap().contains(" took 1s and more"), "{new}");
}

#[test]
fn an_interrupted_examination_tells_what_it_found() {
    let taken = Arc::<AtomicUsize>::default();
    let port = misfits::counting(&taken);
    let running = Background::start(program(port).arg("doctor"));
    // The second is a look at what is spoken there, when the port was found open.
    while taken.load(Ordering::Relaxed) < 2 {
        async_std::task::block_on(async_std::task::sleep(Duration::from_millis(10)));
    }
    running.signal(Signal::INT);
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{} {}", ended.out, ended.err);
    assert!(ended.out.contains(&format!("{port} is open\n")), "{}", ended.out);
    assert!(ended.out.ends_with(": interrupted\n"), "{}", ended.out);
}

#[test]
fn several_pods_of_which_one_connection_reaches_one_are_a_warning() {
    let servers = ["pod-a", "pod-b", "pod-c"].map(|pod| Server::named(pod, 0));
    let (code, examination) = examined(misfits::balanced(servers.iter().map(|server| server.port).collect()));
    let (one, new) = (finding(&examination, "one connection"), finding(&examination, "new connections"));
    assert_eq!((code, &one["verdict"], &new["verdict"]), (Some(0), &"warning".into(), &"ok".into()), "{examination}");
    assert!(one["found"].as_str().unwrap().contains("while new connections reach 3 pods"), "{one}");
    assert!(one["next"].as_str().unwrap().contains("put Envoy there"), "{one}");
}
