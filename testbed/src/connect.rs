//! Connections of our own to servers, balancer and Envoy.

use std::net::SocketAddr;
use std::time::Duration;

use ticketing_client::{Channel, DEFAULT_DEADLINE, Target, Tls, TlsFiles};

use crate::{Bed, BedError};

/// A connection of its own to `address`, with the deadline of the default client.
pub(crate) fn channel_to(address: impl Into<SocketAddr>) -> Channel {
    channel_with_deadline(address, DEFAULT_DEADLINE)
}

/// The same, on which each call may take `deadline`.
pub(crate) fn channel_with_deadline(address: impl Into<SocketAddr>, deadline: Duration) -> Channel {
    Channel::builder(target_at(address.into())).deadline(deadline).build()
}

/// Whoever is at `address`, without TLS.
pub(crate) fn target_at(address: SocketAddr) -> Target {
    Target::new(&address.ip().to_string(), address.port()).expect("an address can be dialled")
}

/// Envoy of a bed; where it asks for certificates, for a caller who shows that of `identity`.
pub(crate) fn envoy_as(bed: &Bed, identity: &str) -> Result<Target, BedError> {
    let target = target_at(bed.envoy_address());
    let Some(secured) = bed.secured_by() else { return Ok(target) };
    let certificates = secured.certificates();
    let files = TlsFiles {
        authorities: Some(certificates.authority(identity)),
        identity: Some((certificates.certificate(identity), certificates.key(identity))),
    };
    Ok(target.with_tls(Tls::read(files).map_err(|unfit| BedError::Unexpected(unfit.to_string()))?))
}
