//! What waits for what.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use async_std::task::block_on;
use futures::future::{join_all, select_all};
use grpcio::{CallOption, Client, ServiceBuilder, UnarySink};

use crate::corked;
use crate::echo::{Echo, PATIENCE, RELAY, SAY, ask, environment, say_at_once};

#[test]
fn calls_that_depend_on_each_other_never_wait_for_a_round() {
    corked();
    for queues in [1, 2, 4] {
        let last = Echo::serve(queues);
        let middle = Echo::relaying_to(last.address, queues);
        let channel = middle.channel();
        let callers: Vec<_> = (0..50)
            .map(|n: u32| ask(&channel, &RELAY, &n.to_string().into_bytes(), CallOption::default().timeout(PATIENCE)))
            .collect();
        for (n, caller) in callers.into_iter().enumerate() {
            assert_eq!(block_on(caller).expect("answered"), n.to_string().into_bytes());
        }
        middle.shut_down();
        last.shut_down();
    }
}

#[test]
fn one_call_after_the_other_needs_no_company() {
    corked();
    let server = Echo::serve(1);
    let channel = server.channel();
    for _ in 0..1_000 {
        assert_eq!(say_at_once(&channel, 1), 1);
    }
}

#[test]
fn callers_on_many_threads_and_queues_are_all_answered() {
    corked();
    for queues in [1, 3, 8] {
        let server = Echo::serve(queues);
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let channel = server.channel();
                thread::spawn(move || (0..20).map(|_| say_at_once(&channel, 40)).sum::<usize>())
            })
            .collect();
        let answered: usize = callers.into_iter().map(|caller| caller.join().expect("no panic")).sum();
        assert_eq!(answered, 8 * 20 * 40);
        server.shut_down();
    }
}

#[test]
fn blocking_calls_from_threads_that_serve_no_queue_are_as_ever() {
    corked();
    let server = Echo::serve(2);
    let client = Client::new(server.channel());
    for _ in 0..200 {
        let answer = client.unary_call(&SAY, &b"x".to_vec(), CallOption::default().timeout(PATIENCE));
        assert_eq!(answer.expect("answered"), b"x");
    }
}

/// Requests that came together are one round, until that has lasted its time.
#[test]
#[allow(clippy::disallowed_methods, reason = "what is looked at is a task that blocks its queue's thread")]
fn a_first_answer_does_not_wait_for_all_slow_handlers() {
    const CALLS: usize = 60;
    corked();
    let handled = Arc::new(AtomicUsize::new(0));
    let handlers = Arc::clone(&handled);
    let service = ServiceBuilder::new().add_unary_handler(&RELAY, move |ctx, request, sink: UnarySink<Vec<u8>>| {
        thread::sleep(Duration::from_millis(2));
        handlers.fetch_add(1, Ordering::Relaxed);
        ctx.spawn(async move {
            let _ = sink.success(request).await;
        });
    });
    let server = Echo::with(service, &environment(1));
    let channel = server.channel();
    let calls = (0..CALLS).map(|_| ask(&channel, &RELAY, &b"x".to_vec(), CallOption::default().timeout(PATIENCE)));
    let (first, _, others) = block_on(select_all(calls.collect::<Vec<_>>()));
    first.expect("answered");
    let handled = handled.load(Ordering::Relaxed);
    assert!(handled < 20, "{handled} handlers had ended");
    assert!(block_on(join_all(others)).into_iter().all(|answer| answer.is_ok()));
    server.shut_down();
}

#[test]
fn an_answer_that_is_flushed_leaves_while_its_task_works_on() {
    corked();
    let (received, receipt): (Sender<()>, Receiver<()>) = mpsc::channel();
    let (receipt, environment) = (Arc::new(Mutex::new(receipt)), environment(1));
    let service = ServiceBuilder::new().add_unary_handler(&RELAY, move |ctx, request, sink: UnarySink<Vec<u8>>| {
        ctx.spawn(async move {
            let _ = sink.success(request).await;
        });
        corking::flush();
        // Works on until the caller has its answer.
        receipt.lock().expect("alone").recv_timeout(PATIENCE).expect("the answer left");
    });
    let server = Echo::with(service, &environment);
    let channel = server.channel();
    for _ in 0..20 {
        let answer = ask(&channel, &RELAY, &b"now".to_vec(), CallOption::default().timeout(PATIENCE));
        assert_eq!(block_on(answer).expect("answered"), b"now");
        received.send(()).expect("somebody waits");
    }
}
