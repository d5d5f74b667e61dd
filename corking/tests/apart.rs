//! A process in which all threads of C-core are those of a server's queues, each with connections of its own: one test, since
//! the callers of another would wait in the set that all share, and do for these what they have to do themselves.

mod echo;
#[path = "corked/raw.rs"]
mod raw;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use corking::Writes;
use grpcio::CallOption;

use crate::echo::{Echo, PATIENCE, SAY, ask, channel, environment};
use crate::raw::Raw;

const QUEUES: usize = 2;
/// Far more than an answer takes, and less than C-core's own look after what nobody waits for, every five seconds.
const SOON: Duration = Duration::from_secs(3);
/// A frame of SETTINGS, all at their default.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

/// What there is to read, at least a byte of it.
fn read(stream: &mut TcpStream) -> usize {
    stream.set_read_timeout(Some(SOON)).expect("more than nothing");
    stream.read(&mut [0; 4096]).expect("something comes")
}

#[test]
fn queues_with_connections_of_their_own_do_for_the_shared_set_what_nobody_else_does() {
    assert_eq!(corking::start(true), Writes::Corked);
    let environment = environment(QUEUES);
    let (server, has_begun, go_on) = Echo::holding(&environment);

    // New connections are in it.
    let callers: Vec<_> = (0..4 * QUEUES)
        .map(|_| {
            let mut caller = TcpStream::connect(server.address).expect("it listens");
            caller.write_all(&[&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &SETTINGS].concat()).expect("sent");
            assert!(read(&mut caller) >= SETTINGS.len());
            caller
        })
        .collect();
    let taken = || usize::try_from(corking::connections_taken()).expect("no less than none");
    assert_eq!(taken(), callers.len());

    // Channels that connect are in it too, and many of them can have something to read at once.
    let further = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = further.local_addr().expect("it is bound");
    let channels: Vec<_> = (0..40).map(|_| channel(&environment, address)).collect();
    let options = CallOption::default().timeout(PATIENCE);
    let calls: Vec<_> = channels.iter().map(|channel| ask(channel, &SAY, &b"x".to_vec(), options.clone())).collect();
    let mut accepted: Vec<_> = channels.iter().map(|_| further.accept().expect("a channel connects").0).collect();
    for peer in &mut accepted {
        assert!(read(peer) > 0, "its own SETTINGS");
    }
    let mut holders: Vec<_> = (0..QUEUES).map(|_| Raw::connect(server.address)).collect();
    for holder in &mut holders {
        holder.call("/corking.Echo/Relay", b"x", false);
    }
    for _ in &holders {
        has_begun.recv_timeout(PATIENCE).expect("a queue's thread is held");
    }
    for peer in &mut accepted {
        peer.write_all(&SETTINGS).expect("sent");
    }
    for _ in &holders {
        go_on.send(()).expect("the handler waits");
    }
    for peer in &mut accepted {
        assert!(read(peer) > 0, "that it has seen ours");
    }
    // Channels of its own leave theirs to all.
    assert_eq!(taken(), callers.len() + holders.len());
    drop((calls, channels, callers, holders));
    server.shut_down();
}
