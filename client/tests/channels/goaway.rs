//! Servers that send connections away in order.

use std::time::{Duration, Instant};

use async_std::task::block_on;
use futures::future::join_all;
use ticketing_client::Safety;

use crate::greeter::{Greeter, greet};

#[test]
fn a_graceful_goaway_fails_no_call() {
    let server = Greeter::with_connections_up_to(100);
    let channels = server.channels().build();
    let begun = Instant::now();
    block_on(join_all((0..16).map(|_| async {
        while begun.elapsed() < Duration::from_secs(3) {
            // Sent once: the library's own retries would hide a failure.
            greet(&channels, Safety::Once).await.unwrap();
        }
    })));
    assert!(server.connections() > 5, "{} connections", server.connections());
}
