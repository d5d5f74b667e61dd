//! Callers that leave, hang or lie, and servers that end under load.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use async_std::task::block_on;
use futures::StreamExt as _;
use grpcio::{CallOption, Client, RpcStatusCode};

use crate::corked;
use crate::echo::{Echo, LATE, MANY, MESSAGES, PATIENCE, SAY, ask, say_at_once};
use crate::raw::Raw;

/// What every test ends with: the server answers whoever comes next.
fn lives(server: Echo) {
    assert_eq!(say_at_once(&server.channel(), 100), 100);
    server.shut_down();
}

#[test]
fn calls_that_are_cancelled_at_any_moment_hurt_nobody() {
    corked();
    let server = Echo::serve(2);
    let channel = server.channel();
    for round in 0..200_u64 {
        let pause = (round * 37 % 500).to_string().into_bytes();
        let mut callers: Vec<_> = (0..20).map(|_| ask(&channel, &LATE, &pause, CallOption::default())).collect();
        for caller in callers.drain(..10) {
            drop(caller);
        }
        callers.iter_mut().skip(5).for_each(grpcio::ClientUnaryReceiver::cancel);
        for caller in callers.into_iter().take(5) {
            assert!(block_on(caller).is_ok());
        }
    }
    lives(server);
}

#[test]
fn deadlines_pass_when_they_should() {
    corked();
    let server = Echo::serve(1);
    let channel = server.channel();
    let (never, at_once) = (b"60000000".to_vec(), b"0".to_vec());
    for round in 0..100_u64 {
        let limit = CallOption::default().timeout(Duration::from_micros(200 + round * 30));
        let late: Vec<_> = (0..10).map(|_| ask(&channel, &LATE, &never, limit.clone())).collect();
        let timely = ask(&channel, &LATE, &at_once, CallOption::default().timeout(PATIENCE));
        for call in late {
            match block_on(call) {
                Err(grpcio::Error::RpcFailure(status)) => assert_eq!(status.code(), RpcStatusCode::DEADLINE_EXCEEDED),
                other => panic!("{other:?}"),
            }
        }
        assert!(block_on(timely).is_ok());
    }
    assert_eq!(say_at_once(&channel, 100), 100);
    server.cut();
}

#[test]
fn connections_that_break_or_lie_hurt_nobody() {
    corked();
    let server = Echo::serve(2);
    let done = Arc::new(AtomicBool::new(false));
    let bystander = {
        let (channel, done) = (server.channel(), Arc::clone(&done));
        thread::spawn(move || {
            let (mut called, mut answered) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                called += 20;
                answered += say_at_once(&channel, 20);
            }
            (called, answered)
        })
    };
    for round in 0..100_usize {
        // A client that goes away with calls half-way: its socket is closed under them.
        let leaving = server.channel();
        let calls: Vec<_> = (0..20).map(|_| ask(&leaving, &LATE, &b"300".to_vec(), CallOption::default())).collect();
        drop((calls, leaving));
        let mut liar = TcpStream::connect(server.address).expect("it listens");
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\xff\xff\xff\xff garbage";
        // The server may have hung up already.
        let _ = liar.write_all(&preface[..round % preface.len()]);
        // One that the system resets, with calls half-way and answers unread.
        let mut resetting = Raw::connect(server.address);
        (0..20).for_each(|_| resetting.call(SAY.name, b"x", false));
    }
    done.store(true, Ordering::Relaxed);
    let (called, answered) = bystander.join().expect("no panic");
    assert_eq!(called, answered);
    lives(server);
}

#[test]
fn calls_that_are_broken_off_as_soon_as_they_are_begun_hurt_nobody() {
    corked();
    let server = Echo::serve(2);
    let channel = server.channel();
    for _ in 0..20 {
        let mut rapid = Raw::connect(server.address);
        (0..500).for_each(|_| rapid.call(SAY.name, b"x", true));
        assert_eq!(say_at_once(&channel, 20), 20);
    }
    lives(server);
}

#[test]
fn answers_that_nobody_reads_keep_nobody_else_waiting() {
    corked();
    let server = Echo::serve(1);
    let channel = server.channel();
    let mut deaf = Raw::connect(server.address);
    // Answers for many times the 64 KiB that the caller lets the server send.
    for _ in 0..50 {
        (0..100).for_each(|_| deaf.call(SAY.name, &[b'x'; 100], false));
        assert_eq!(say_at_once(&channel, 10), 10);
    }
    drop(deaf);
    lives(server);
}

#[test]
fn a_slow_reader_gets_all_and_keeps_nobody_waiting() {
    corked();
    let server = Echo::serve(1);
    let client = Client::new(server.channel());
    // More than any window: the server has to wait for the reader.
    let mut slow = client.server_streaming(&MANY, &b"262144".to_vec(), CallOption::default()).expect("begun");
    let mut read = 0;
    while let Some(message) = block_on(slow.next()) {
        assert_eq!(message.expect("whole").len(), 262_144);
        read += 1;
        assert_eq!(say_at_once(&server.channel(), 10), 10);
    }
    assert_eq!(read, MESSAGES);
    lives(server);
}

#[test]
fn a_server_that_ends_under_load_answers_or_refuses_every_call() {
    corked();
    for cut in [false, true] {
        let server = Echo::serve(2);
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let channel = server.channel();
                thread::spawn(move || {
                    let mut answered = 0;
                    loop {
                        let calls: Vec<_> = (0..20)
                            .map(|_| ask(&channel, &SAY, &b"x".to_vec(), CallOption::default().timeout(PATIENCE)))
                            .collect();
                        for call in calls {
                            match block_on(call) {
                                Ok(_) => answered += 1,
                                Err(grpcio::Error::RpcFailure(status)) => {
                                    assert_ne!(status.code(), RpcStatusCode::DEADLINE_EXCEEDED, "it hung");
                                    return answered;
                                }
                                Err(other) => panic!("{other}"),
                            }
                        }
                    }
                })
            })
            .collect();
        block_on(async_std::task::sleep(Duration::from_millis(200)));
        if cut {
            server.cut();
        } else {
            server.shut_down();
        }
        for caller in callers {
            assert!(caller.join().expect("no panic") > 0);
        }
    }
}
