//! Equal calls on one long-lived connection: who answers them?

use std::net::SocketAddr;

use async_std::task::block_on;

use crate::connect::channel_to;
use crate::{BedError, Stop, Tally};

/// Makes `calls` calls of `GetCustomer{}`, one after another on one connection to `address`.
pub fn equal_calls(address: SocketAddr, calls: usize, stop: &Stop) -> Result<Tally, BedError> {
    let customers = channel_to(address).customers();
    let mut tally = Tally::default();
    for _ in 0..calls {
        if stop.is_asked() {
            return Err(BedError::Stopped);
        }
        tally.count(block_on(customers.identify()));
    }
    Ok(tally)
}
