//! Customers in one SQLite file that several processes of one machine may share.

mod committer;
mod schema;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Row as _};
use uuid::Uuid;

use self::committer::SqliteCommitter;
use super::group_commit::{GroupCommit, Writing};
use super::{Created, OpenError, Page, Store, StoreError};
use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};

/// How long a statement waits for another process that has the file locked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// The same for a transaction that writes. It is tried again soon: SQLite's own pauses grow, and who waits long loses
/// against processes that write without pause.
const WRITE_BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// Reads run beside each other and beside the writer (WAL), a thread each; more than a few gain nothing on a page cache.
const READERS: u32 = 4;

/// How long a read waits for one of the [`READERS`].
const READER_TIMEOUT: Duration = Duration::from_secs(1);

/// A store in a file: write-ahead log, `synchronous=FULL`, so an acknowledged create outlives a crash of the machine.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: Arc<GroupCommit>,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, makes it when it is missing, and brings its schema up to date.
    pub async fn open(file: &Path) -> Result<Self, OpenError> {
        Self::open_with(file, Writing::default()).await
    }

    /// The same with another way to write, for measurements.
    pub async fn open_with(file: &Path, writing: Writing) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        schema::bring_up_to_date(&options).await.map_err(|error| error.of(file))?;
        let options = options.create_if_missing(false);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(READER_TIMEOUT)
            .connect_with(options.clone())
            .await
            .map_err(|error| schema::Fault::from(error).of(file))?;
        let options = options.busy_timeout(WRITE_BUSY_TIMEOUT);
        let committers = (0..writing.writers).map(|_| SqliteCommitter::new(file, options.clone())).collect();
        Ok(Self { writer: Arc::new(GroupCommit::start(committers, writing.batch)), readers })
    }
}

impl Store for SqliteStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let readers = self.readers.clone();
        async move {
            sqlx::query("SELECT id, first_name, last_name FROM customers WHERE id = ?")
                .bind(id.as_uuid())
                .try_map(customer)
                .fetch_optional(&readers)
                .await
                .map_err(|error| unavailable(&error))
        }
        .boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        self.writer.create(new)
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        let readers = self.readers.clone();
        async move {
            let rows = sqlx::query(
                "SELECT position, id, first_name, last_name FROM customers WHERE position > ? ORDER BY position LIMIT ?",
            )
            .bind(after.get())
            .bind(Page::rows_to_read(size))
            .try_map(|row: SqliteRow| Ok((Position::from(row.try_get::<i64, _>("position")?), customer(row)?)))
            .fetch_all(&readers)
            .await
            .map_err(|error| unavailable(&error))?;
            Ok(Page::of(rows, size))
        }
        .boxed()
    }

    /// The last of the processes that share the file takes the write-ahead log into it.
    fn close(&self) -> BoxFuture<'static, ()> {
        let (writer, readers) = (Arc::clone(&self.writer), self.readers.clone());
        async move {
            readers.close().await;
            writer.close().await;
        }
        .boxed()
    }
}

fn customer(row: SqliteRow) -> sqlx::Result<Customer> {
    Ok(Customer {
        id: CustomerId::from(row.try_get::<Uuid, _>("id")?),
        first_name: row.try_get("first_name")?,
        last_name: row.try_get("last_name")?,
    })
}

fn unavailable(error: &sqlx::Error) -> StoreError {
    StoreError::Unavailable { cause: reason(error) }
}

/// What SQLite itself said, without sqlx's frame around it.
fn reason(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |database| database.message().to_owned())
}
