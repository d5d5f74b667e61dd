//! A balancer of connections, as a normal Kubernetes Service is one: it never looks inside.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::Endpoints;

/// Gives each new connection to a server chosen at random, and leaves it there. It ends, with all of its connections,
/// when it is dropped.
#[derive(Debug)]
pub struct L4Balancer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    endpoints: Endpoints,
    ended: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl L4Balancer {
    /// Balances over `endpoints` on a free port of 127.0.0.1. The same `seed` makes the same choices.
    pub fn start(endpoints: Endpoints, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { endpoints, ended: AtomicBool::new(false), open: Mutex::default() });
        let accepting = thread::spawn({
            let shared = shared.clone();
            move || accept(&listener, &shared, fastrand::Rng::with_seed(seed))
        });
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Loses its state, as a balancer that is replaced does: no connection goes on, and new ones are chosen for anew.
    pub fn forget(&self) {
        self.shared.close_all();
    }
}

impl Shared {
    fn close_all(&self) {
        for stream in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for L4Balancer {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the accepting thread; if that fails it has ended already.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
        self.shared.close_all();
    }
}

fn accept(listener: &TcpListener, shared: &Shared, mut random: fastrand::Rng) {
    while let Ok((caller, _)) = listener.accept() {
        if shared.ended.load(Ordering::Relaxed) {
            return;
        }
        // A caller who finds no server sees its connection closed, as behind a Service without endpoints.
        let chosen = random.choice(shared.endpoints.addresses());
        let Some(Ok(server)) = chosen.map(TcpStream::connect) else { continue };
        let _ = join(caller, server, shared);
    }
}

/// Carries bytes both ways until one side ends.
fn join(caller: TcpStream, server: TcpStream, shared: &Shared) -> io::Result<()> {
    caller.set_nodelay(true)?;
    server.set_nodelay(true)?;
    shared.open.lock().unwrap_or_else(PoisonError::into_inner).extend([caller.try_clone()?, server.try_clone()?]);
    let (to_server, to_caller) = ((caller.try_clone()?, server.try_clone()?), (server, caller));
    for (mut from, mut to) in [to_server, to_caller] {
        thread::spawn(move || {
            // However the copy ends, both sides learn it.
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::SocketAddrV4;

    use super::*;

    /// A server that says its number to each connection.
    fn numbered(number: u8) -> SocketAddrV4 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let SocketAddr::V4(address) = listener.local_addr().unwrap() else { unreachable!("bound to IPv4") };
        thread::spawn(move || {
            for stream in listener.incoming() {
                io::Write::write_all(&mut stream.unwrap(), &[number]).unwrap();
            }
        });
        address
    }

    fn choices(balancer: &L4Balancer, connections: usize) -> Vec<u8> {
        let one = |_| {
            let mut answer = Vec::new();
            TcpStream::connect(balancer.address()).unwrap().read_to_end(&mut answer).unwrap();
            answer[0]
        };
        (0..connections).map(one).collect()
    }

    #[test]
    fn the_seed_decides_which_servers_are_chosen() {
        let endpoints = Endpoints::default();
        (0..3).for_each(|number| endpoints.add(numbered(number)));
        let first = choices(&L4Balancer::start(endpoints.clone(), 7).unwrap(), 30);
        let again = choices(&L4Balancer::start(endpoints, 7).unwrap(), 30);
        assert_eq!(first, again);
        assert!((0..3).all(|number| first.contains(&number)), "{first:?}");
    }

    #[test]
    fn a_balancer_that_loses_its_state_breaks_its_connections_and_takes_new_ones() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let SocketAddr::V4(address) = listener.local_addr().unwrap() else { unreachable!("bound to IPv4") };
        let endpoints = Endpoints::default();
        endpoints.add(address);
        let balancer = L4Balancer::start(endpoints, 0).unwrap();
        for _ in 0..2 {
            let mut caller = TcpStream::connect(balancer.address()).unwrap();
            let _server = listener.accept().unwrap();
            // The balancer knows both ends only a moment after the server has its own.
            while balancer.shared.open.lock().unwrap().is_empty() {
                thread::yield_now();
            }
            balancer.forget();
            assert_eq!(caller.read(&mut [0]).unwrap(), 0);
        }
    }

    #[test]
    fn without_a_server_the_connection_is_closed() {
        let balancer = L4Balancer::start(Endpoints::default(), 0).unwrap();
        let mut answer = Vec::new();
        TcpStream::connect(balancer.address()).unwrap().read_to_end(&mut answer).unwrap();
        assert!(answer.is_empty());
    }
}
