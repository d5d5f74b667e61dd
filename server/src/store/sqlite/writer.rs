//! The one connection that writes. Creates that wait while it commits share the next durable transaction.

use std::time::Duration;

use async_std::channel::{Receiver, Sender, bounded};
use futures::channel::oneshot;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{customer, unavailable};
use crate::customer::{NewCustomer, RequestId};
use crate::store::{Created, StoreError};

/// Creates that may wait; past it a caller is told at once to come back.
const QUEUE: usize = 4096;

/// Creates in one transaction: enough to make the sync to disk cheap, few enough to keep it short for other processes.
const BATCH: usize = 256;

/// When a caller who found the queue full may come back: several batches later.
const RETRY_AFTER: Duration = Duration::from_millis(200);

#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: Sender<Job>,
}

#[derive(Debug)]
struct Job {
    new: NewCustomer,
    answer: oneshot::Sender<Result<Created, StoreError>>,
}

impl Writer {
    /// Writes until the last clone of the writer is gone.
    pub(super) fn start(connection: SqliteConnection, options: SqliteConnectOptions) -> Self {
        let (jobs, waiting) = bounded(QUEUE);
        async_std::task::spawn(write(Connection { live: Some(connection), options }, waiting));
        Self { jobs }
    }

    pub(super) fn create(&self, new: NewCustomer) -> impl Future<Output = Result<Created, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        let queued = self.jobs.try_send(Job { new, answer });
        async move {
            queued.map_err(|_| StoreError::Overloaded { retry_after: RETRY_AFTER })?;
            answered.await.unwrap_or_else(|_| Err(StoreError::Unavailable { cause: "the writer has ended".to_owned() }))
        }
    }
}

/// A connection that is made anew after an error: SQLite ends a transaction by itself when the disk is full, and sqlx,
/// which does not notice, would refuse every later one.
struct Connection {
    live: Option<SqliteConnection>,
    options: SqliteConnectOptions,
}

impl Connection {
    /// One durable transaction; an error means that nothing of the batch is stored.
    async fn commit(&mut self, batch: &[Job]) -> sqlx::Result<Vec<Result<Created, StoreError>>> {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.options.connect().await?,
        };
        let outcomes = commit(&mut live, batch).await?;
        self.live = Some(live);
        Ok(outcomes)
    }
}

async fn write(mut connection: Connection, waiting: Receiver<Job>) {
    while let Ok(first) = waiting.recv().await {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        // A caller who has gone needs nothing stored.
        batch.retain(|job| !job.answer.is_canceled());
        if batch.is_empty() {
            continue;
        }
        match connection.commit(&batch).await {
            Ok(outcomes) => {
                for (job, outcome) in batch.into_iter().zip(outcomes) {
                    // The caller may have gone meanwhile; a repeat with its request id finds the customer.
                    let _ = job.answer.send(outcome);
                }
            }
            Err(error) => {
                log::error!("{} creates were not stored: {error}", batch.len());
                for job in batch {
                    let _ = job.answer.send(Err(unavailable(&error)));
                }
            }
        }
    }
}

async fn commit(connection: &mut SqliteConnection, batch: &[Job]) -> sqlx::Result<Vec<Result<Created, StoreError>>> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for job in batch {
        outcomes.push(create(&mut transaction, &job.new).await?);
    }
    transaction.commit().await?;
    Ok(outcomes)
}

async fn create(connection: &mut SqliteConnection, new: &NewCustomer) -> sqlx::Result<Result<Created, StoreError>> {
    let request_id = new.request_id.as_ref().map(RequestId::as_str);
    let inserted = sqlx::query(
        "INSERT INTO customers (id, first_name, last_name, request_id) VALUES (?, ?, ?, ?) \
         ON CONFLICT (request_id) DO NOTHING",
    )
    .bind(new.id.as_uuid())
    .bind(new.first_name.as_str())
    .bind(new.last_name.as_str())
    .bind(request_id)
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Ok(Created::first(new)));
    }
    let earlier = sqlx::query("SELECT id, first_name, last_name FROM customers WHERE request_id = ?")
        .bind(request_id)
        .try_map(customer)
        .fetch_one(&mut *connection)
        .await?;
    Ok(Created::replay(earlier, new))
}
