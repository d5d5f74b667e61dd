//! What stands between a client and its server, as an L4 balancer does: it passes bytes on, until it does worse.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::net::connect_unspec;

/// What is done with a new connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meet {
    /// Bytes go to the server at this port and back.
    Pass(u16),
    /// The same so much later.
    PassLater(u16, Duration),
    /// It is accepted and reset.
    Reset,
    /// It is accepted, and nothing ever comes back.
    Silence,
    /// It is accepted and closed.
    Close,
    /// It is accepted, and the end of all answers is told at once.
    HalfClose,
    /// It is accepted, and its first call is sent away untouched.
    GoAway,
    /// It is accepted, and closed with its first call on it, for an offence.
    GoAwayForGood,
}

pub(crate) struct Relay {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    accepted: AtomicUsize,
    open: Mutex<Vec<Open>>,
    /// What came from callers, of all connections.
    said: Mutex<Vec<u8>>,
}

/// A connection that its caller has not closed.
struct Open {
    number: usize,
    caller: TcpStream,
    /// What comes is thrown away, in both directions.
    silent: Arc<AtomicBool>,
}

impl Relay {
    /// `meet` gets the number of the connection, from 1. The threads end with the connections, or with the tests.
    pub(crate) fn start(meet: impl Fn(usize) -> Meet + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        thread::spawn({
            let shared = shared.clone();
            move || {
                for caller in listener.incoming() {
                    let number = shared.accepted.fetch_add(1, Ordering::Relaxed) + 1;
                    shared.clone().meet(meet(number), number, caller.unwrap());
                }
            }
        });
        Self { port, shared }
    }

    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Connections to a server that their callers have not closed.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.lock().unwrap().len()
    }

    pub(crate) fn said(&self) -> Vec<u8> {
        self.shared.said.lock().unwrap().clone()
    }

    pub(crate) fn reset_all(&self) {
        self.shared.open.lock().unwrap().iter().for_each(|open| reset(&open.caller));
    }

    /// Tells callers that no more answers come, and still listens to them.
    pub(crate) fn half_close_all(&self) {
        self.shared.open.lock().unwrap().iter().for_each(|open| open.caller.shutdown(Shutdown::Write).unwrap());
    }

    /// From now on nothing passes on the connections that there are.
    pub(crate) fn silence_all(&self) {
        self.shared.open.lock().unwrap().iter().for_each(|open| open.silent.store(true, Ordering::Relaxed));
    }
}

impl Shared {
    fn meet(self: Arc<Self>, meet: Meet, number: usize, caller: TcpStream) {
        match meet {
            Meet::Pass(port) => self.pass(number, caller, port),
            Meet::PassLater(port, time) => {
                thread::spawn(move || {
                    async_std::task::block_on(async_std::task::sleep(time));
                    self.pass(number, caller, port);
                });
            }
            Meet::Reset => reset(&caller),
            Meet::Close => drop(caller),
            Meet::Silence => drop(thread::spawn(move || discard(&caller))),
            Meet::GoAway => drop(thread::spawn(move || {
                go_away(&caller, NO_STREAM, NO_ERROR);
                discard(&caller);
            })),
            Meet::GoAwayForGood => drop(thread::spawn(move || go_away(&caller, FIRST_STREAM, ENHANCE_YOUR_CALM))),
            Meet::HalfClose => {
                caller.shutdown(Shutdown::Write).unwrap();
                thread::spawn(move || discard(&caller));
            }
        }
    }

    fn pass(self: Arc<Self>, number: usize, caller: TcpStream, port: u16) {
        let server = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
        let silent = Arc::<AtomicBool>::default();
        let (caller_again, server_again) = (caller.try_clone().unwrap(), server.try_clone().unwrap());
        self.open.lock().unwrap().push(Open { number, caller: caller.try_clone().unwrap(), silent: silent.clone() });
        thread::spawn({
            let silent = silent.clone();
            move || copy(&server_again, &caller_again, &silent, |_| ())
        });
        thread::spawn(move || {
            copy(&caller, &server, &silent, |bytes| self.said.lock().unwrap().extend(bytes));
            self.open.lock().unwrap().retain(|open| open.number != number);
            // It may be gone already.
            let _ = server.shutdown(Shutdown::Both);
        });
    }
}

/// Ends a connection as a machine does that knows nothing of it. A mere close would be orderly.
fn reset(caller: &TcpStream) {
    connect_unspec(caller).unwrap();
}

fn copy(mut from: &TcpStream, mut to: &TcpStream, silent: &AtomicBool, note: impl Fn(&[u8])) {
    let mut buffer = [0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        note(&buffer[..length]);
        if !silent.load(Ordering::Relaxed) && to.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

/// The last stream that a server takes, and why it takes no more (RFC 9113, 6.8 and 7).
const NO_STREAM: u8 = 0;
const FIRST_STREAM: u8 = 1;
const NO_ERROR: u8 = 0;
const ENHANCE_YOUR_CALM: u8 = 11;

/// A server that leaves just as a call comes (RFC 9113, 6.8).
fn go_away(mut caller: &TcpStream, last_stream: u8, error: u8) {
    const PREFACE: usize = 24;
    const HEADERS: u8 = 1;
    const EMPTY_SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last_stream, 0, 0, 0, error];
    caller.write_all(&EMPTY_SETTINGS).unwrap();
    caller.read_exact(&mut [0; PREFACE]).unwrap();
    let mut head = [0; 9];
    while head[3] != HEADERS {
        caller.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        caller.read_exact(&mut vec![0; length as usize]).unwrap();
    }
    caller.write_all(&goaway).unwrap();
}

fn discard(mut from: &TcpStream) {
    let mut buffer = [0; 1 << 10];
    while let Ok(1..) = from.read(&mut buffer) {}
}
