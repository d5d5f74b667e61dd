//! Servers with several queues: each has connections for itself, and none waits for another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use async_std::task::block_on;
use futures::future::join_all;
use grpcio::{CallOption, Channel, ServiceBuilder, UnarySink};

use crate::corked;
use crate::echo::{Echo, PATIENCE, RELAY, SAY, ask, environment, say_at_once};

/// The threads on which the calls of each connection came in, by the address of its caller.
type Threads = Arc<Mutex<BTreeMap<String, BTreeSet<u64>>>>;

fn number(thread: ThreadId) -> u64 {
    let digits: String = format!("{thread:?}").chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("a thread's number")
}

/// A server that notes them for calls of RELAY.
fn noting(queues: usize) -> (Echo, Threads) {
    let threads = Threads::default();
    let noted = Arc::clone(&threads);
    let service = ServiceBuilder::new().add_unary_handler(&RELAY, move |ctx, request, sink: UnarySink<Vec<u8>>| {
        let mut noted = noted.lock().expect("no panic");
        noted.entry(ctx.peer()).or_default().insert(number(thread::current().id()));
        ctx.spawn(async move {
            let _ = sink.success(request).await;
        });
    });
    (Echo::with(service, &environment(queues)), threads)
}

fn relay_at_once(channel: &Channel, count: usize) {
    let calls = (0..count).map(|_| ask(channel, &RELAY, &b"x".to_vec(), CallOption::default().timeout(PATIENCE)));
    assert!(block_on(join_all(calls.collect::<Vec<_>>())).iter().all(Result::is_ok));
}

#[test]
fn each_connection_is_one_queues_alone_and_all_queues_have_some() {
    const QUEUES: usize = 3;
    corked();
    let before = corking::connections_taken();
    let (server, threads) = noting(QUEUES);
    let channels: Vec<_> = (0..2 * QUEUES).map(|_| server.channel()).collect();
    for _ in 0..50 {
        for channel in &channels {
            relay_at_once(channel, 10);
        }
    }
    let threads = threads.lock().expect("no panic").clone();
    assert_eq!(threads.len(), channels.len());
    assert!(threads.values().all(|threads| threads.len() == 1), "{threads:?}");
    assert_eq!(threads.into_values().flatten().collect::<BTreeSet<_>>().len(), QUEUES);
    let taken = usize::try_from(corking::connections_taken() - before).expect("more than before");
    assert!(taken >= 2 * QUEUES, "{taken}");
    server.shut_down();
}

#[test]
fn a_server_with_one_queue_leaves_its_connections_to_c_core() {
    corked();
    let (server, threads) = noting(1);
    relay_at_once(&server.channel(), 10);
    assert_eq!(threads.lock().expect("no panic").len(), 1);
    server.shut_down();
}

/// One queue's thread does nothing until it is told to: the other accepts connections, and answers on those that are its own.
#[test]
fn a_queue_whose_thread_is_busy_holds_up_no_connection_of_another() {
    corked();
    let (server, has_begun, go_on) = Echo::holding(&environment(2));
    let busy = server.channel();
    let blocked = ask(&busy, &RELAY, &b"x".to_vec(), CallOption::default().timeout(PATIENCE));
    has_begun.recv_timeout(PATIENCE).expect("the handler runs");
    // Accepted connections go to the queues in turn, so that every other one waits for the busy thread.
    let answered = |channel: &Channel| {
        let answer = ask(channel, &SAY, &b"x".to_vec(), CallOption::default().timeout(PATIENCE / 20));
        block_on(answer).is_ok()
    };
    let channels: Vec<_> = (0..4).map(|_| server.channel()).collect();
    assert_eq!(channels.iter().filter(|channel| answered(channel)).count(), 2);
    go_on.send(()).expect("the handler waits");
    assert!(block_on(blocked).is_ok());
    assert!(channels.iter().all(answered));
    server.shut_down();
}

#[test]
fn servers_that_end_leave_others_to_go_on() {
    corked();
    let (staying, _) = noting(2);
    let channel = staying.channel();
    for _ in 0..10 {
        let (leaving, _) = noting(2);
        let callers: Vec<_> = (0..4).map(|_| leaving.channel()).collect();
        assert!(callers.iter().all(|caller| say_at_once(caller, 20) == 20));
        leaving.shut_down();
        assert_eq!(say_at_once(&channel, 20), 20);
    }
    staying.shut_down();
}

/// A server whose own channels, on its own queues, lead to another server with several queues.
#[test]
fn a_server_that_calls_others_on_its_own_queues_is_answered() {
    corked();
    let last = Echo::serve(3);
    let middle = Echo::relaying_to(last.address, 3);
    let channels: Vec<_> = (0..6).map(|_| middle.channel()).collect();
    for _ in 0..20 {
        for channel in &channels {
            relay_at_once(channel, 20);
        }
    }
    middle.shut_down();
    last.shut_down();
}
