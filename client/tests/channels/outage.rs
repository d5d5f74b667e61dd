//! An outage is not multiplied by those who suffer from it.

use async_std::task::block_on;
use futures::future::join_all;
use ticketing_client::Safety;

use crate::greeter::{Greeter, greet, unavailable};

#[test]
fn calls_into_an_outage_are_retried_a_fifth_of_them_and_ten_more() {
    let server = Greeter::start(|_| unavailable());
    let channels = server.channels().build();
    block_on(join_all((0..50).map(|_| async {
        for _ in 0..10 {
            greet(&channels, Safety::Read).await.unwrap_err();
        }
    })));
    let attempts = server.attempts();
    assert!((501..=610).contains(&attempts), "{attempts} attempts of 500 calls");
}
