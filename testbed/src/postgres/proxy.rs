//! A way to a database that can fall silent, as one does whose node vanished or whose balancer forgot it: nothing is
//! closed, and nothing is answered.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::database::split;
use crate::BedError;

/// Carries connections to one server. It ends, with all of them, when it is dropped.
#[derive(Debug)]
pub struct SilentProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    server: String,
    /// Connections so far.
    count: AtomicUsize,
    /// Those with a lower number are silent.
    silent_below: AtomicUsize,
    /// New ones are silent from their first byte.
    dead: AtomicBool,
    ended: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl SilentProxy {
    /// Before the server of a database's URL. Answers with the URL that leads through it.
    pub fn before(url: &str) -> Result<(Self, String), BedError> {
        let (login, server, database) = split(url)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(BedError::io("bind a proxy"))?;
        let address = listener.local_addr().map_err(BedError::io("bind a proxy"))?;
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            count: AtomicUsize::new(0),
            silent_below: AtomicUsize::new(0),
            dead: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let accepting = thread::spawn({
            let shared = shared.clone();
            move || shared.accept(&listener)
        });
        Ok((Self { address, shared, accepting: Some(accepting) }, format!("{login}@{address}/{database}")))
    }

    /// The connections that are open fall silent for good; new ones are answered.
    pub fn silence_open(&self) {
        self.shared.silent_below.store(self.shared.count.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Whether the server is silent as a whole. Connections that were made meanwhile stay so.
    pub fn set_dead(&self, dead: bool) {
        if dead {
            self.shared.dead.store(true, Ordering::SeqCst);
            self.silence_open();
        } else {
            // A connection that is made between the two is a dead one's still, from its first byte and not from its middle.
            self.silence_open();
            self.shared.dead.store(false, Ordering::SeqCst);
        }
    }
}

impl Drop for SilentProxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the accepting thread; if that fails it has ended already.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
        for stream in self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while let Ok((caller, _)) = listener.accept() {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let number = self.count.fetch_add(1, Ordering::SeqCst);
            // A caller who finds no server sees the connection closed.
            let Ok(server) = TcpStream::connect(&self.server) else { continue };
            let _ = self.join(number, caller, server);
        }
    }

    fn join(self: &Arc<Self>, number: usize, caller: TcpStream, server: TcpStream) -> std::io::Result<()> {
        caller.set_nodelay(true)?;
        server.set_nodelay(true)?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).extend([caller.try_clone()?, server.try_clone()?]);
        let dead = self.dead.load(Ordering::SeqCst);
        for (from, to) in [(caller.try_clone()?, server.try_clone()?), (server, caller)] {
            let shared = Arc::clone(self);
            thread::spawn(move || shared.carry(number, dead, from, to));
        }
        Ok(())
    }

    /// Carries bytes one way. A silent connection takes them and gives nothing on, not even its end.
    fn carry(&self, number: usize, dead: bool, mut from: TcpStream, mut to: TcpStream) {
        let silent = || dead || number < self.silent_below.load(Ordering::SeqCst);
        let mut bytes = [0; 8192];
        loop {
            let read = from.read(&mut bytes).unwrap_or(0);
            if silent() {
                if read == 0 {
                    return;
                }
            } else if read == 0 || to.write_all(&bytes[..read]).is_err() {
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}
