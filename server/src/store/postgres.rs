//! Customers in PostgreSQL, or in a database that speaks its protocol, shared by any number of servers.
//!
//! The order of creation is the order in which transactions take numbers from the one row of `customer_positions`. Its
//! lock is held until the commit, so a customer that becomes visible later always has a higher position, on whichever
//! replica it was created and whatever that machine's clock says: a walk never misses one behind it.

mod committer;
mod connector;
mod readers;
mod schema;
mod sql;
mod state;

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use sqlx::postgres::PgRow;
use sqlx::{ConnectOptions as _, Row as _};
use uuid::Uuid;

use self::committer::PostgresCommitter;
use self::connector::Connector;
use self::readers::Readers;
use self::schema::Fault;
use super::group_commit::{GroupCommit, Writing};
use super::{Created, OpenError, Page, Store, StoreError};
use crate::config::PostgresUrl;
use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};

/// A store that replicas share.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    writer: Arc<GroupCommit>,
    readers: Arc<Readers>,
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
        schema::bring_up_to_date(&options, schema::STEPS).await.map_err(|fault| fault.of(&shown))?;
        let connector = Connector::new(url);
        let committers = (0..writing.writers).map(|_| PostgresCommitter::new(Arc::clone(&connector))).collect();
        Ok(Self { writer: Arc::new(GroupCommit::start(committers, writing.batch)), readers: Readers::new(connector) })
    }
}

impl Store for PostgresStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        Arc::clone(&self.readers)
            .read(move |connection| {
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
        let rows = Arc::clone(&self.readers).read(move |connection| {
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
        let (writer, readers) = (Arc::clone(&self.writer), Arc::clone(&self.readers));
        async move {
            writer.close().await;
            readers.close().await;
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
