//! Customers in PostgreSQL, or in a database that speaks its protocol, shared by any number of servers.
//!
//! The order of creation is the order in which transactions take numbers from the one row of `customer_positions`. Its
//! lock is held until the commit, so a customer that becomes visible later always has a higher position, on whichever
//! replica it was created and whatever that machine's clock says: a walk never misses one behind it.

mod committer;
mod schema;
mod sql;
mod state;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_std::future::timeout;
use futures::future::{BoxFuture, FutureExt as _};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions as _, Connection as _, Postgres, Row as _};
use uuid::Uuid;

use self::committer::PostgresCommitter;
use self::schema::Fault;
use super::group_commit::{GroupCommit, Writing};
use super::{Created, OpenError, Page, Store, StoreError};
use crate::config::PostgresUrl;
use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};

/// Connections that read. With the one that writes, ten servers take 90 of the 100 that PostgreSQL grants by default.
const READERS: u32 = 8;

/// How long a read may take, with all its attempts and the wait for a connection.
const READ_TIMEOUT: Duration = Duration::from_millis(1500);

/// Between two attempts of a read.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// How long one attempt to connect may take when the server starts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The database itself ends a statement by then, so that one whose caller has given up holds no lock.
const STATEMENT_TIMEOUT_MS: &str = "2000";

/// A store that replicas share.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    writer: Arc<GroupCommit>,
    readers: PgPool,
}

impl PostgresStore {
    /// Connects and brings the schema up to date.
    pub async fn open(url: &PostgresUrl) -> Result<Self, OpenError> {
        Self::open_with(url, Writing::default()).await
    }

    /// The same with another way to write, for measurements.
    pub async fn open_with(url: &PostgresUrl, writing: Writing) -> Result<Self, OpenError> {
        let shown = url.to_string();
        let options = url.options().map_err(|error| Fault::from(error).of(&shown))?.disable_statement_logging();
        match timeout(CONNECT_TIMEOUT, schema::bring_up_to_date(&options)).await {
            Ok(done) => done.map_err(|fault| fault.of(&shown))?,
            Err(_) => {
                return Err(OpenError::Unreachable {
                    reason: format!("{shown}: no answer within {CONNECT_TIMEOUT:?}"),
                });
            }
        }
        let options = options.options([("statement_timeout", STATEMENT_TIMEOUT_MS)]);
        let readers = PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(READ_TIMEOUT)
            // A read is tried again on another connection instead, which costs a round trip only after a fault.
            .test_before_acquire(false)
            .connect_lazy_with(options.clone());
        let committers = (0..writing.writers).map(|_| PostgresCommitter::new(options.clone())).collect();
        Ok(Self { writer: Arc::new(GroupCommit::start(committers, writing.batch)), readers })
    }

    /// Reads until there is an answer, on a new connection where one was lost, within [`READ_TIMEOUT`].
    async fn read<T>(
        readers: PgPool,
        query: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, sqlx::Result<T>>,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        loop {
            let left = READ_TIMEOUT.saturating_sub(begun.elapsed());
            let attempt = async {
                let mut lease = Lease::of(&readers).await?;
                let answer = query(lease.connection()?).await?;
                lease.give_back();
                Ok(answer)
            };
            match timeout(left, attempt).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) if state::may_pass(&error) && begun.elapsed() < READ_TIMEOUT => {
                    log::debug!("a read is tried again: {error}");
                    async_std::task::sleep(READ_AGAIN_AFTER).await;
                }
                Ok(Err(error)) => return Err(unavailable(&error)),
                Err(_) => {
                    return Err(StoreError::Unavailable { cause: format!("no answer within {READ_TIMEOUT:?}") });
                }
            }
        }
    }
}

/// A connection that goes back to the pool only if it is fit for the next: not while an answer of its last query is on
/// the way, nor after a fault.
struct Lease(Option<PoolConnection<Postgres>>);

impl Lease {
    async fn of(readers: &PgPool) -> sqlx::Result<Self> {
        // The way to a new connection is a future of 30 kB.
        readers.acquire().boxed().await.map(|connection| Self(Some(connection)))
    }

    fn connection(&mut self) -> sqlx::Result<&mut PgConnection> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(mut connection) = self.0.take() {
            async_std::task::spawn(async move {
                // It is quick when the caller has gone in mid-query; a connection without an answer is closed.
                if !matches!(timeout(READ_TIMEOUT, connection.ping()).await, Ok(Ok(()))) {
                    drop(connection.detach());
                }
            });
        }
    }
}

impl Store for PostgresStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        Self::read(self.readers.clone(), move |connection| {
            sqlx::query(sql::GET)
                .bind(id.as_uuid())
                .try_map(|row: PgRow| customer(&row))
                .fetch_optional(connection)
                .boxed()
        })
        .boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        self.writer.create(new)
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        let rows = Self::read(self.readers.clone(), move |connection| {
            sqlx::query(sql::LIST)
                .bind(after.get())
                .bind(Page::rows_to_read(size))
                .try_map(|row: PgRow| Ok((Position::from(row.try_get::<i64, _>("position")?), customer(&row)?)))
                .fetch_all(connection)
                .boxed()
        });
        async move { Ok(Page::of(rows.await?, size)) }.boxed()
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        let (writer, readers) = (Arc::clone(&self.writer), self.readers.clone());
        async move {
            writer.close().await;
            // A database that is away must not hold the end of the server.
            let _ = timeout(READ_TIMEOUT, readers.close()).await;
        }
        .boxed()
    }
}

fn customer(row: &PgRow) -> sqlx::Result<Customer> {
    Ok(Customer {
        id: CustomerId::from(row.try_get::<Uuid, _>("id")?),
        first_name: row.try_get("first_name")?,
        last_name: row.try_get("last_name")?,
    })
}

fn unavailable(error: &sqlx::Error) -> StoreError {
    StoreError::Unavailable { cause: state::reason(error) }
}
