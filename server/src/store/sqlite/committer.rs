//! Batches of creates in a SQLite file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use futures::future::{BoxFuture, FutureExt as _};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _};
use uuid::Uuid;

use super::file::{FileId, log_of_another, stale};
use super::schema::{code, extended_code, primary_code};
use super::{customer, reason};
use crate::customer::{NewCustomer, RequestId};
use crate::store::group_commit::{CommitError, CommitErrorKind, Committer, Outcomes};
use crate::store::{Created, StoreError};

/// Rows of one INSERT. A batch is cut into these, so that there are few statements to prepare.
const ROWS: [usize; 3] = [64, 8, 1];

/// The connection that writes. It is made anew after an error: SQLite ends a transaction by itself when the disk is
/// full, and sqlx, which does not notice, would refuse every later one.
pub(super) struct SqliteCommitter {
    file: PathBuf,
    options: SqliteConnectOptions,
    live: Option<Live>,
}

struct Live {
    connection: SqliteConnection,
    file: FileId,
}

impl SqliteCommitter {
    pub(super) fn new(file: &Path, options: SqliteConnectOptions) -> Self {
        Self { file: file.to_owned(), options, live: None }
    }

    async fn connected(&mut self) -> Result<Live, CommitError> {
        let file = FileId::of(&self.file).map_err(|error| {
            let cause = format!("{}: {error}", self.file.display());
            CommitError { cause, kind: CommitErrorKind::Unavailable }
        })?;
        match self.live.take() {
            Some(live) if live.file == file => Ok(live),
            _ if let Some(log) = log_of_another(&self.file) => {
                Err(CommitError { cause: stale(&log), kind: CommitErrorKind::Damaged })
            }
            _ => Ok(Live { connection: self.options.connect().await.map_err(|error| failed(&error))?, file }),
        }
    }
}

impl Committer for SqliteCommitter {
    fn commit<'a>(&'a mut self, batch: &'a [NewCustomer]) -> BoxFuture<'a, Result<Outcomes, CommitError>> {
        async move {
            let mut live = self.connected().await?;
            let outcomes = commit(&mut live.connection, batch).await?;
            self.live = Some(live);
            Ok(outcomes)
        }
        .boxed()
    }

    fn close(self) -> BoxFuture<'static, ()> {
        async move {
            if let Some(live) = self.live
                && let Err(error) = live.connection.close().await
            {
                log::warn!("closing {}: {error}", self.file.display());
            }
        }
        .boxed()
    }
}

async fn commit(connection: &mut SqliteConnection, batch: &[NewCustomer]) -> Result<Outcomes, CommitError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| failed(&error))?;
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut rest = batch;
    for rows in ROWS {
        while rest.len() >= rows {
            let (chunk, after) = rest.split_at(rows);
            create(&mut transaction, chunk, &mut outcomes).await.map_err(|error| failed(&error))?;
            rest = after;
        }
    }
    transaction.commit().await.map_err(|error| {
        let failed = failed(&error);
        // Only these say for sure that the log has no commit.
        let sure = matches!(failed.kind, CommitErrorKind::Full | CommitErrorKind::Conflict);
        if sure { failed } else { CommitError { kind: CommitErrorKind::Uncertain, ..failed } }
    })?;
    Ok(outcomes)
}

async fn create(connection: &mut SqliteConnection, chunk: &[NewCustomer], outcomes: &mut Outcomes) -> sqlx::Result<()> {
    let mut arguments = SqliteArguments::default();
    for new in chunk {
        arguments.add(new.id.as_uuid()).map_err(sqlx::Error::Encode)?;
        arguments.add(new.first_name.as_str().to_owned()).map_err(sqlx::Error::Encode)?;
        arguments.add(new.last_name.as_str().to_owned()).map_err(sqlx::Error::Encode)?;
        let request_id = new.request_id.as_ref().map(|id| id.as_str().to_owned());
        arguments.add(request_id).map_err(sqlx::Error::Encode)?;
    }
    let insert = format!(
        "INSERT INTO customers (id, first_name, last_name, request_id) VALUES {} ON CONFLICT DO NOTHING RETURNING id",
        vec!["(?, ?, ?, ?)"; chunk.len()].join(", ")
    );
    let stored: Vec<Uuid> =
        sqlx::query_scalar_with(AssertSqlSafe(insert), arguments).fetch_all(&mut *connection).await?;
    let stored: HashSet<Uuid> = stored.into_iter().collect();
    for new in chunk {
        outcomes.push(if stored.contains(&new.id.as_uuid()) {
            Ok(Created::first(new))
        } else {
            earlier(connection, new).await?
        });
    }
    Ok(())
}

/// What is there in the place of a customer that was not stored: its own earlier attempt, or its request id's customer.
async fn earlier(connection: &mut SqliteConnection, new: &NewCustomer) -> sqlx::Result<Result<Created, StoreError>> {
    let found = sqlx::query("SELECT id, first_name, last_name FROM customers WHERE id = ? OR request_id = ?")
        .bind(new.id.as_uuid())
        .bind(new.request_id.as_ref().map(RequestId::as_str))
        .try_map(customer)
        .fetch_one(connection)
        .await?;
    Ok(if found.id == new.id { Ok(Created::first(new)) } else { Created::replay(found, new) })
}

fn failed(error: &sqlx::Error) -> CommitError {
    let kind = match (primary_code(error), extended_code(error)) {
        (Some(code::FULL), _) => CommitErrorKind::Full,
        // Another process held the write lock.
        (Some(code::BUSY | code::LOCKED), _) => CommitErrorKind::Conflict,
        (Some(code::CORRUPT | code::NOTADB), _) => CommitErrorKind::Damaged,
        (_, Some(code::CONSTRAINT_CHECK | code::CONSTRAINT_NOTNULL)) => CommitErrorKind::Rejected,
        _ => CommitErrorKind::Unavailable,
    };
    CommitError { cause: reason(error), kind }
}

#[cfg(test)]
mod tests {
    use async_std::task::block_on;

    use super::super::options;
    use super::*;

    /// No test can cut the power: that what is acknowledged outlives it hangs on this setting of the connection.
    #[test]
    fn the_connection_that_writes_syncs_every_commit_to_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("customers.db");
        std::fs::write(&file, "").expect("made");
        let mut committer = SqliteCommitter::new(&file, options(&file));
        block_on(async {
            let mut live = committer.connected().await.expect("connected");
            let full = 2;
            assert_eq!(ask::<i32>(&mut live, "PRAGMA synchronous").await, full);
            assert_eq!(ask::<String>(&mut live, "PRAGMA journal_mode").await, "wal");
        });
    }

    async fn ask<T>(live: &mut Live, pragma: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + Unpin,
    {
        sqlx::query_scalar(pragma).fetch_one(&mut live.connection).await.expect("answered")
    }
}
