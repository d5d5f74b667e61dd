//! What only a database that replicas share can go through: simultaneous starts, neighbours of other ages, restarts.

mod away;
#[path = "../contract/mod.rs"]
mod contract;
mod creates;
mod start;

use std::sync::Arc;
use std::time::Duration;

use async_std::task::block_on;
use testbed::Postgres;
use ticketing_server::PostgresUrl;
use ticketing_server::store::{OpenError, PostgresStore};

/// What a caller waits by default; whoever is refused has to hear it well before.
pub(crate) const DEADLINE: Duration = Duration::from_secs(3);

pub(crate) fn shared_database() -> (Arc<Postgres>, String) {
    let postgres = Postgres::shared().expect("a PostgreSQL");
    let url = postgres.new_database().expect("a new database");
    (postgres, url)
}

pub(crate) fn open(url: &str) -> Result<PostgresStore, OpenError> {
    block_on(PostgresStore::open(&parsed(url)))
}

pub(crate) fn parsed(url: &str) -> PostgresUrl {
    url.parse().expect("a URL")
}
