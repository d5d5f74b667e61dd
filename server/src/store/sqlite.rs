//! Customers in one SQLite file that several processes of one machine may share.

mod committer;
mod file;
mod readers;
mod rows;
mod schema;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Row as _};
use uuid::Uuid;

use self::committer::SqliteCommitter;
use self::file::{FileId, log_of_another};
use self::readers::Readers;
use self::schema::{Fault, code, primary_code};
use super::group_commit::{GroupCommit, Writing};
use super::{Created, OpenError, Page, Store, StoreError};
use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};

/// How long a statement waits for another process that has the file locked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// The same for a transaction that writes. It is tried again soon: SQLite's own pauses grow, and who waits long loses
/// against processes that write without pause.
const WRITE_BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// A store in a file: write-ahead log, `synchronous=FULL`, so an acknowledged create outlives a crash of the machine.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: Arc<GroupCommit>,
    readers: Arc<Readers>,
}

impl SqliteStore {
    /// Opens the file, makes it when it is missing, and brings its schema up to date.
    pub async fn open(file: &Path) -> Result<Self, OpenError> {
        Self::open_with(file, Writing::default()).await
    }

    /// The same with another way to write, for measurements.
    pub async fn open_with(file: &Path, writing: Writing) -> Result<Self, OpenError> {
        let options = options(file);
        if let Some(log) = log_of_another(file) {
            return Err(Fault::LogOfAnother(log).of(file));
        }
        schema::bring_up_to_date(&options).await.map_err(|error| error.of(file))?;
        let options = options.create_if_missing(false);
        let id = FileId::of(file).map_err(|error| Fault::from(sqlx::Error::Io(error)).of(file))?;
        let readers = Readers::new(file, id, options.clone());
        let options = options.busy_timeout(WRITE_BUSY_TIMEOUT);
        let committers = (0..writing.writers).map(|_| SqliteCommitter::new(file, options.clone())).collect();
        Ok(Self { writer: Arc::new(GroupCommit::start(committers, writing.batch)), readers: Arc::new(readers) })
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

impl Store for SqliteStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let readers = self.readers.pool();
        async move {
            sqlx::query("SELECT id, first_name, last_name FROM customers WHERE id = ?")
                .bind(id.as_uuid())
                .try_map(customer)
                .fetch_optional(&readers?)
                .await
                .map_err(|error| failed(&error))
        }
        .boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        self.writer.create(new)
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        let readers = self.readers.pool();
        async move {
            Page::read(rows::after(readers?, after, Page::rows_to_read(size)), size)
                .await
                .map_err(|error| failed(&error))
        }
        .boxed()
    }

    /// The last of the processes that share the file takes the write-ahead log into it.
    fn close(&self) -> BoxFuture<'static, ()> {
        let (writer, readers) = (Arc::clone(&self.writer), Arc::clone(&self.readers));
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

fn failed(error: &sqlx::Error) -> StoreError {
    let cause = reason(error);
    match primary_code(error) {
        Some(code::CORRUPT | code::NOTADB) => StoreError::Damaged { cause },
        _ => StoreError::Unavailable { cause },
    }
}

/// What SQLite itself said, without sqlx's frame around it.
fn reason(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |database| database.message().to_owned())
}
