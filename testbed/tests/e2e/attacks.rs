//! What keeps one caller from harming the others: each test fails when the lines of `envoy.yaml` that it names are taken out.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_std::task::block_on;
use futures::future::try_join_all;
use grpcio::{CallOption, ChannelBuilder, EnvBuilder, RpcStatusCode};
use testbed::{Bed, Stop, Testbed, attacks, binaries, equal_calls, until_true};
use ticketing_client::{Channel, Target};
use ticketing_proto::ticketing::CreateCustomerRequest;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

use crate::python;

/// An attack under way, in a process of its own.
struct Attack(Child);

impl Attack {
    fn start(name: &str, bed: &Bed) -> Self {
        Self::lasting("20s", name, bed)
    }

    fn lasting(time: &str, name: &str, bed: &Bed) -> Self {
        // What the attack makes others do is to be seen, not that it takes the CPUs of a small machine.
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).arg(binaries::testbed().unwrap());
        command.args(["attack", name, "--lasting", time, "--address", &bed.envoy_address().to_string()]);
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn stat(bed: &Bed, full: &str) -> u64 {
    bed.envoy().stats(full).into_iter().find(|(name, _)| name == full).map_or(0, |(_, value)| value)
}

fn upstream(bed: &Bed, name: &str) -> u64 {
    stat(bed, &format!("cluster.app-server-headless.{name}"))
}

/// As many customers as fill a page with the longest names, so that the largest page waits in parts.
fn fill_a_page(bed: &Bed) {
    let address = bed.envoy_address();
    let target = Target::new(&address.ip().to_string(), address.port()).unwrap();
    let customers = Channel::builder(target).deadline(Duration::from_secs(10)).build().customers();
    let longest = "\u{1f3ab}".repeat(200);
    let made = (0..130).map(|_| {
        let (customers, longest) = (customers.clone(), longest.clone());
        async move {
            let (first_name, last_name) = (longest.clone(), longest);
            customers.create(&CreateCustomerRequest { first_name, last_name, ..CreateCustomerRequest::new() }).await
        }
    });
    block_on(try_join_all(made)).unwrap();
}

/// `envoy.filters.http.buffer`: without it each of these calls holds a server.
#[test]
fn messages_that_never_come_to_their_end_hold_no_server() {
    const MANY: u64 = 1_000;
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let _attack = Attack::start("slow-bodies", &bed);
    let in_flight = || stat(&bed, "http.grpc.downstream_rq_active");
    until_true("many slow calls", || in_flight() >= MANY).unwrap();
    // Whatever waited for a connection to a server has one when these are answered.
    equal_calls(bed.envoy_address(), 50, &Stop::never()).unwrap();
    assert_eq!(upstream(&bed, "upstream_rq_active"), 0);
    assert!(in_flight() >= MANY, "the slow calls are still there");
}

/// `max_request_bytes` and `local_reply_config`: without the one a server decodes such a message, without the other its
/// caller is told UNKNOWN.
#[test]
fn a_message_past_the_limit_is_refused_as_exhausted_before_a_server_sees_it() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    let client =
        CustomerControllerClient::new(ChannelBuilder::new(environment).connect(&bed.envoy_address().to_string()));
    let ends = [4_000, 20_000].map(|bytes| {
        let request = CreateCustomerRequest { first_name: "a".repeat(bytes), ..CreateCustomerRequest::new() };
        let options = CallOption::default().timeout(Duration::from_secs(10));
        match client.create_customer_opt(&request, options) {
            Err(grpcio::Error::RpcFailure(status)) => status.code(),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(ends, [RpcStatusCode::INVALID_ARGUMENT, RpcStatusCode::RESOURCE_EXHAUSTED]);
    assert_eq!(upstream(&bed, "upstream_rq_total"), 1);
}

/// `overload.premature_reset_total_stream_count`: half of its number are enough, by default 250.
#[test]
fn a_connection_that_resets_what_it_opens_is_closed() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let after = |streams: &str| python::call("resets.py", bed.envoy_address(), &[streams]);
    assert_eq!((after("60").trim(), after("150").trim()), ("answered", "closed"));
}

/// `http.max_requests_per_io_cycle`: without it all calls that come at once go to the servers before any reset is seen.
#[test]
fn calls_that_are_reset_at_once_hardly_reach_a_server() {
    const STREAMS: u64 = 60;
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    // Calls that wait for a connection can be reset before they go anywhere.
    equal_calls(bed.envoy_address(), 1, &Stop::never()).unwrap();
    let before = upstream(&bed, "upstream_rq_total");
    python::call("resets.py", bed.envoy_address(), &[&STREAMS.to_string()]);
    let reached = upstream(&bed, "upstream_rq_total") - before;
    assert!(reached < STREAMS * 3 / 4, "{reached} of {STREAMS}");
}

/// `stream_flush_timeout`, for a page that Envoy has as a whole; `idle_timeout` of the route `list`, for one that still
/// comes in parts. By default either is held for a minute or longer.
#[test]
fn an_answer_that_is_not_read_is_given_up() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let unread = || python::call("unread.py", bed.envoy_address(), &[]);
    bed.load(1).stop();
    assert_eq!(unread().trim(), "reset", "an empty page");
    fill_a_page(&bed);
    assert_eq!(unread().trim(), "reset", "a large page");
}

/// `priority` of the route `list`, with its breaker and connections: without them unread pages fill what all calls share.
#[test]
fn calls_go_on_while_thousands_of_pages_are_not_read() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    fill_a_page(&bed);
    let _attack = Attack::start("unread-lists", &bed);
    until_true("pages are refused", || upstream(&bed, "upstream_rq_active_overflow") > 100).unwrap();
    let tally = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!(tally.failed(), 0, "{:?}\n{}", tally.first_failure, bed.logs());
}

/// All of them, a moment of each; `testbed attacks` measures them in peace.
#[test]
fn no_attack_fails_a_call_of_a_bystander() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    fill_a_page(&bed);
    for name in attacks::names() {
        let load = bed.load(2);
        let mut attack = Attack::lasting("1s", name, &bed);
        assert!(attack.0.wait().unwrap().success(), "{name}");
        let tally = load.stop();
        assert_eq!(tally.failed(), 0, "{name}: {:?}\n{}", tally.first_failure, bed.logs());
    }
}
