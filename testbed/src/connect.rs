//! Connections of our own to servers, balancer and Envoy.

use std::net::SocketAddr;
use std::time::Duration;

use ticketing_client::{Channel, DEFAULT_DEADLINE, Target};

/// A connection of its own to `address`, with the deadline of the default client.
pub(crate) fn channel_to(address: impl Into<SocketAddr>) -> Channel {
    channel_with_deadline(address, DEFAULT_DEADLINE)
}

/// The same, on which each call may take `deadline`.
pub(crate) fn channel_with_deadline(address: impl Into<SocketAddr>, deadline: Duration) -> Channel {
    let address = address.into();
    let target = Target::new(&address.ip().to_string(), address.port()).expect("an address can be dialled");
    Channel::builder(target).deadline(deadline).build()
}
