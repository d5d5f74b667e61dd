//! Stores at their own door, without a server before them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_std::task::{self, block_on};
use futures::future::join_all;
use tempfile::TempDir;
use ticketing_server::customer::{CustomerId, NewCustomer};
use ticketing_server::store::{PostgresStore, SqliteStore, Store, Writing};

use crate::binaries::scratch;
use crate::{BedError, Postgres};

/// Where stores are made.
pub(super) enum Backend {
    /// Each in a file of its own.
    Sqlite(TempDir),
    /// Each a database of one PostgreSQL.
    Postgres(Box<Postgres>),
}

impl Backend {
    pub(super) fn sqlite() -> Result<Self, BedError> {
        scratch("ticketing-figure-").map(Self::Sqlite)
    }

    /// With room for 64 connections that write.
    pub(super) fn postgres() -> Result<Self, BedError> {
        Postgres::builder().setting("max_connections", "200").start().map(|postgres| Self::Postgres(Box::new(postgres)))
    }

    /// A new, empty store.
    pub(super) fn store(&self, writing: Writing) -> Result<Arc<dyn Store>, BedError> {
        let unfit = |error: &dyn std::fmt::Display| BedError::Unexpected(error.to_string());
        match self {
            Self::Sqlite(folder) => {
                let file = folder.path().join(format!("{}.db", CustomerId::new()));
                Ok(Arc::new(block_on(SqliteStore::open_with(&file, writing)).map_err(|error| unfit(&error))?))
            }
            Self::Postgres(postgres) => {
                let url = postgres.new_database()?.parse().map_err(|error: String| unfit(&error))?;
                Ok(Arc::new(block_on(PostgresStore::open_with(&url, writing)).map_err(|error| unfit(&error))?))
            }
        }
    }
}

/// A customer with names of a usual length and a request id of its own.
pub(super) fn somebody() -> NewCustomer {
    let id = CustomerId::new();
    NewCustomer {
        id,
        first_name: "Friederike".parse().expect("a name"),
        last_name: "Dvořáková".parse().expect("a name"),
        request_id: Some(id.to_string().parse().expect("a request id")),
    }
}

/// Creates that `callers` get done in a second, each one after another.
pub(super) fn creates_per_second(store: &Arc<dyn Store>, callers: usize, time: Duration) -> Result<f64, BedError> {
    let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let begun = Instant::now();
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (store, over, done) = (Arc::clone(store), Arc::clone(&over), Arc::clone(&done));
            task::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    store.create(somebody()).await?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        })
        .collect();
    block_on(task::sleep(time));
    let (created, took) = (done.load(Ordering::Relaxed), begun.elapsed());
    over.store(true, Ordering::Relaxed);
    let ended: Result<Vec<()>, _> = block_on(join_all(callers)).into_iter().collect();
    ended.map_err(failed)?;
    Ok(created as f64 / took.as_secs_f64())
}

/// The median time of a create whose caller is alone, in seconds.
pub(super) fn create_alone(store: &Arc<dyn Store>, creates: usize) -> Result<f64, BedError> {
    let mut times = Vec::with_capacity(creates);
    for _ in 0..creates {
        let new = somebody();
        let begun = Instant::now();
        block_on(store.create(new)).map_err(failed)?;
        times.push(begun.elapsed().as_secs_f64());
    }
    Ok(crate::figures::plan::median(&times))
}

pub(super) fn failed(error: ticketing_server::store::StoreError) -> BedError {
    BedError::Unexpected(error.to_string())
}
