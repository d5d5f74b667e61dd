//! Which calls are sent again, and which are not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_std::task::block_on;
use futures::{FutureExt, StreamExt};
use grpcio::{RpcStatus, RpcStatusCode};
use protobuf::Message;
use protobuf::well_known_types::any::Any;
use ticketing_client::{Code, Policy, Safety, State};
use ticketing_proto::error_details::RetryInfo;
use ticketing_proto::status::Status;

use crate::greeter::{Greeter, Reply, channels_to, greet, unavailable};
use crate::relay::{Meet, Relay};
use crate::wait::until;

fn refuses_the_first() -> Greeter {
    Greeter::start(|attempt| if attempt == 1 { unavailable() } else { Reply::Hello })
}

#[test]
fn a_read_is_sent_again_after_a_refusal() {
    let server = refuses_the_first();
    block_on(greet(&server.channels().build(), Safety::Read)).unwrap();
    assert_eq!((server.attempts(), server.idempotent()), (2, 0));
}

#[test]
fn what_may_be_repeated_says_so_each_time() {
    let server = refuses_the_first();
    block_on(greet(&server.channels().build(), Safety::Idempotent)).unwrap();
    assert_eq!((server.attempts(), server.idempotent()), (2, 2));
}

#[test]
fn what_may_happen_twice_is_sent_once() {
    let server = refuses_the_first();
    let error = block_on(greet(&server.channels().build(), Safety::Once)).unwrap_err();
    assert_eq!((error.code, error.message.as_str(), error.attempts), (Code::Unavailable, "not now", 1));
    assert_eq!(server.attempts(), 1);
}

#[test]
fn only_codes_that_may_pass_are_sent_again() {
    let again = [RpcStatusCode::CANCELLED, RpcStatusCode::ABORTED, RpcStatusCode::UNAVAILABLE];
    for code in (1..=16).map(RpcStatusCode::from) {
        let refused = move || Reply::Refused(RpcStatus::with_message(code, "no".to_owned()));
        let server = Greeter::start(move |attempt| if attempt == 1 { refused() } else { Reply::Hello });
        let outcome = block_on(greet(&server.channels().build(), Safety::Read));
        let expected = 1 + usize::from(again.contains(&code));
        assert_eq!((server.attempts(), outcome.is_ok()), (expected, expected == 2), "{code}: {outcome:?}");
    }
}

/// `MAX_MESSAGE_BYTES`; another attempt does not make the answer smaller.
#[test]
fn an_answer_past_the_limit_fails_its_call_at_once_and_the_connection_goes_on() {
    let server = Greeter::start(|attempt| if attempt == 1 { Reply::Long(5 << 20) } else { Reply::Hello });
    let channels = server.channels().build();
    let error = block_on(greet(&channels, Safety::Read)).unwrap_err();
    assert_eq!((error.code, error.attempts), (Code::ResourceExhausted, 1), "{error}");
    block_on(greet(&channels, Safety::Read)).unwrap();
    assert_eq!((server.attempts(), server.connections()), (2, 1));
}

#[test]
fn a_server_that_has_too_much_to_do_and_says_when_is_called_again() {
    let server =
        Greeter::start(|attempt| if attempt == 1 { asks(RpcStatusCode::RESOURCE_EXHAUSTED, 0) } else { Reply::Hello });
    block_on(greet(&server.channels().build(), Safety::Read)).unwrap();
    assert_eq!(server.attempts(), 2);
}

/// Asks for a pause of so many seconds.
fn asks_for(seconds: i64) -> Reply {
    asks(RpcStatusCode::UNAVAILABLE, seconds)
}

pub(crate) fn asks(code: RpcStatusCode, seconds: i64) -> Reply {
    let mut info = RetryInfo::new();
    info.retry_delay.mut_or_insert_default().seconds = seconds;
    let any = Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
        value: info.write_to_bytes().unwrap(),
        ..Any::new()
    };
    let details = Status { details: vec![any], ..Status::new() }.write_to_bytes().unwrap();
    Reply::Refused(RpcStatus::with_details(code, "later".to_owned(), details))
}

#[test]
fn a_server_that_asks_for_more_time_than_there_is_is_left_alone() {
    let server = Greeter::start(|_| asks_for(20));
    let error =
        block_on(greet(&server.channels().deadline(Duration::from_secs(10)).build(), Safety::Read)).unwrap_err();
    assert_eq!((error.attempts, error.details.retry_after), (1, Some(Duration::from_secs(20))));
    assert!(!error.details.bytes.is_empty());
}

#[test]
fn a_server_that_asks_for_time_is_not_called_before() {
    let server = Greeter::start(|attempt| if attempt == 1 { asks_for(2) } else { Reply::Hello });
    let begun = Instant::now();
    block_on(greet(&server.channels().build(), Safety::Read)).unwrap();
    assert_eq!(server.attempts(), 2);
    assert!(begun.elapsed() >= Duration::from_secs(2), "it came back after {:?}", begun.elapsed());
}

#[test]
fn a_call_that_waits_for_a_connection_waits_no_longer_than_its_deadline() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let channels = channels_to(nobody).wait_for_ready(true).deadline(Duration::from_secs(1)).build();
    let error = block_on(greet(&channels, Safety::Once)).unwrap_err();
    assert_eq!((error.code, error.answered), (Code::DeadlineExceeded, false), "{error:?}");
}

#[test]
fn a_server_that_takes_no_connection_is_left_longer_and_longer_alone() {
    let relay = Relay::start(|_| Meet::Reset);
    let channels = channels_to(relay.port).wait_for_ready(true).deadline(Duration::from_secs(3)).build();
    block_on(greet(&channels, Safety::Once)).unwrap_err();
    // Always after the first pause of 0.1 s it would be 30.
    assert!((3..=12).contains(&relay.accepted()), "{} connections in 3 s", relay.accepted());
}

#[test]
fn a_call_that_waits_for_a_connection_finds_the_server_that_comes() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let channels = channels_to(port).wait_for_ready(true).build();
    let call = async_std::task::spawn(async move { greet(&channels, Safety::Once).await });
    block_on(async_std::task::sleep(Duration::from_millis(500)));
    let server = Greeter::on(&format!("127.0.0.1:{port}"), |_| Reply::Hello);
    block_on(call).unwrap();
    assert_eq!(server.attempts(), 1);
}

#[test]
fn a_call_that_waits_for_a_connection_takes_one_of_a_pool_that_is_ready() {
    let server = Greeter::start(|_| Reply::Hello);
    let port = server.port;
    let relay = Relay::start(move |number| if number == 1 { Meet::Pass(port) } else { Meet::Silence });
    let pool = channels_to(relay.port).policy(Policy::Pool { connections: 4 });
    let channels = pool.wait_for_ready(true).deadline(Duration::from_secs(5)).build();
    for _ in 0..50 {
        block_on(greet(&channels, Safety::Once)).unwrap();
    }
}

#[test]
fn a_caller_hands_on_what_is_left_of_its_own_deadline() {
    let server = Greeter::start(|_| Reply::Silence);
    let channels = server.channels().build();
    let begun = Instant::now();
    let request = crate::greeter::caller("Ada");
    let error =
        block_on(channels.call_within(Duration::from_millis(300), "Greet", Safety::Read, |channel, options| {
            crate::stub::greeter_grpc::GreeterClient::new(channel).greet_async_opt(&request, options)
        }))
        .unwrap_err();
    assert_eq!((error.code, error.attempts), (Code::DeadlineExceeded, 1));
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn all_attempts_together_have_one_deadline() {
    let deadline = Duration::from_secs(6);
    let server = Greeter::start(|attempt| if attempt == 1 { asks_for(3) } else { Reply::Silence });
    let error = block_on(greet(&server.channels().deadline(deadline).build(), Safety::Read)).unwrap_err();
    assert_eq!((error.code, error.attempts), (Code::DeadlineExceeded, 2), "{error:?}");
    // A deadline of its own would let the second end at 9 s.
    assert!(error.elapsed < Duration::from_secs(8), "{error:?}");
}

#[test]
fn a_retry_in_a_pool_goes_to_another_connection() {
    // By chance it would in one of two cases.
    for _ in 0..5 {
        let (refusing, good) = (Greeter::start(|_| unavailable()), Greeter::start(|_| Reply::Hello));
        let (refusing_port, good_port) = (refusing.port, good.port);
        let relay = Relay::start(move |number| Meet::Pass(if number == 1 { refusing_port } else { good_port }));
        let channels = channels_to(relay.port).policy(Policy::Pool { connections: 2 }).build();
        for _ in 0..10 {
            let before = refusing.attempts();
            block_on(greet(&channels, Safety::Read)).unwrap();
            assert!(refusing.attempts() - before <= 1, "it was sent to the same connection again");
        }
    }
}

#[test]
fn a_retry_stays_where_it_was_refused_when_the_other_connection_reaches_nobody() {
    let refuses = Arc::new(AtomicBool::new(false));
    let script = refuses.clone();
    let server =
        Greeter::start(move |_| if script.swap(false, Ordering::Relaxed) { unavailable() } else { Reply::Hello });
    let port = server.port;
    let relay = Relay::start(move |number| if number == 1 { Meet::Pass(port) } else { Meet::Silence });
    let channels = channels_to(relay.port).policy(Policy::Pool { connections: 2 }).build();
    let mut states = channels.states();
    let mut seen = BTreeSet::new();
    until("one connection is known to be good and the other not to be", || {
        let _ = block_on(greet(&channels, Safety::Once));
        let changes = std::iter::from_fn(|| states.next().now_or_never().flatten());
        seen.extend(changes.map(|change| change.state.name()));
        seen.contains(State::Ready.name()) && seen.contains(State::Failing.name())
    });
    refuses.store(true, Ordering::Relaxed);
    assert_eq!(block_on(greet(&channels, Safety::Read)).unwrap().attempts, 2);
}
