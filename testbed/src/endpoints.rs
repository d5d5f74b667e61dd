//! Who takes calls: what Kubernetes keeps in `EndpointSlice`s, and what DNS and the L4 balancer both read.

use std::net::SocketAddrV4;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The addresses of the servers that take calls. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Endpoints(Arc<Mutex<Vec<SocketAddrV4>>>);

impl Endpoints {
    /// Lists an address; once, however often it is added.
    pub fn add(&self, address: SocketAddrV4) {
        let mut list = self.list();
        if !list.contains(&address) {
            list.push(address);
        }
    }

    /// Takes an address off the list.
    pub fn remove(&self, address: SocketAddrV4) {
        self.list().retain(|listed| *listed != address);
    }

    /// All of them, in the order in which they came.
    pub fn addresses(&self) -> Vec<SocketAddrV4> {
        self.list().clone()
    }

    fn list(&self) -> MutexGuard<'_, Vec<SocketAddrV4>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
