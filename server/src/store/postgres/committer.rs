//! Batches of creates in PostgreSQL.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use async_std::future::timeout;
use futures::future::{BoxFuture, FutureExt as _};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use uuid::Uuid;

use super::state::{self, sqlstate};
use super::{customer, sql};
use crate::customer::{Customer, NewCustomer, RequestId};
use crate::store::Created;
use crate::store::group_commit::{CommitError, CommitErrorKind, Committer, Outcomes};

/// A database that does not answer for so long is away.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// After a failed attempt to connect, creates are refused at once for so long, instead of each trying again.
const REST: Duration = Duration::from_millis(200);

/// The connection that writes, made anew after it was lost.
pub(super) struct PostgresCommitter {
    options: PgConnectOptions,
    live: Option<PgConnection>,
    resting: Option<(Instant, String)>,
}

impl PostgresCommitter {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self { options, live: None, resting: None }
    }

    async fn connected(&mut self) -> Result<PgConnection, CommitError> {
        if let Some(live) = self.live.take() {
            return Ok(live);
        }
        if let Some((until, cause)) = &self.resting
            && Instant::now() < *until
        {
            return Err(CommitError { cause: cause.clone(), kind: CommitErrorKind::Unavailable });
        }
        let connected = match timeout(ANSWER_TIMEOUT, connect(&self.options)).await {
            Ok(connected) => connected.map_err(|error| state::reason(&error)),
            Err(_) => Err(format!("no connection within {ANSWER_TIMEOUT:?}")),
        };
        connected.map_err(|cause| {
            self.resting = Some((Instant::now() + REST, cause.clone()));
            CommitError { cause, kind: CommitErrorKind::Unavailable }
        })
    }
}

async fn connect(options: &PgConnectOptions) -> sqlx::Result<PgConnection> {
    let mut connection = options.connect().await?;
    let durability: String = sqlx::query_scalar(sql::DURABILITY).fetch_one(&mut connection).await?;
    // A stronger setting than ours, for replicas, is left as it is.
    if durability == "off" {
        sqlx::query(sql::BE_DURABLE).execute(&mut connection).await?;
    }
    Ok(connection)
}

impl Committer for PostgresCommitter {
    fn commit<'a>(&'a mut self, batch: &'a [NewCustomer]) -> BoxFuture<'a, Result<Outcomes, CommitError>> {
        async move {
            let mut live = self.connected().await?;
            match timeout(ANSWER_TIMEOUT, create(&mut live, batch)).await {
                Ok(Ok(outcomes)) => {
                    self.live = Some(live);
                    Ok(outcomes)
                }
                Ok(Err(error)) => {
                    if state::refused(&error) {
                        self.live = Some(live);
                    }
                    Err(failed(&error))
                }
                Err(_) => {
                    let cause = format!("no answer within {ANSWER_TIMEOUT:?}");
                    Err(CommitError { cause, kind: CommitErrorKind::Uncertain })
                }
            }
        }
        .boxed()
    }

    fn close(self) -> BoxFuture<'static, ()> {
        async move {
            if let Some(live) = self.live {
                // Whether the database hears it or not, the connection ends.
                let _ = timeout(ANSWER_TIMEOUT, live.close()).await;
            }
        }
        .boxed()
    }
}

async fn create(connection: &mut PgConnection, batch: &[NewCustomer]) -> sqlx::Result<Outcomes> {
    let ids: Vec<Uuid> = batch.iter().map(|new| new.id.as_uuid()).collect();
    let first_names: Vec<&str> = batch.iter().map(|new| new.first_name.as_str()).collect();
    let last_names: Vec<&str> = batch.iter().map(|new| new.last_name.as_str()).collect();
    let request_ids: Vec<Option<&str>> =
        batch.iter().map(|new| new.request_id.as_ref().map(RequestId::as_str)).collect();
    let stored: Vec<Uuid> = sqlx::query_scalar(sql::CREATE)
        .bind(&ids)
        .bind(&first_names)
        .bind(&last_names)
        .bind(&request_ids)
        .bind(i64::try_from(batch.len()).unwrap_or(i64::MAX))
        .fetch_all(&mut *connection)
        .await?;
    if stored.len() == batch.len() {
        return Ok(batch.iter().map(|new| Ok(Created::first(new))).collect());
    }
    let stored: HashSet<Uuid> = stored.into_iter().collect();
    let others: Vec<&NewCustomer> = batch.iter().filter(|new| !stored.contains(&new.id.as_uuid())).collect();
    let earlier = Earlier::find(connection, &others).await?;
    batch
        .iter()
        .map(|new| {
            if stored.contains(&new.id.as_uuid()) || earlier.ids.contains(&new.id.as_uuid()) {
                return Ok(Ok(Created::first(new)));
            }
            let found = new.request_id.as_ref().and_then(|id| earlier.by_request.get(id.as_str()));
            let found = found.cloned().ok_or(sqlx::Error::RowNotFound)?;
            Ok(Created::replay(found, new))
        })
        .collect()
}

/// What was there in the place of customers that were not stored.
struct Earlier {
    /// Stored by an earlier attempt of the same create.
    ids: HashSet<Uuid>,
    by_request: HashMap<String, Customer>,
}

impl Earlier {
    async fn find(connection: &mut PgConnection, others: &[&NewCustomer]) -> sqlx::Result<Self> {
        let ids: Vec<Uuid> = others.iter().map(|new| new.id.as_uuid()).collect();
        let request_ids: Vec<&str> =
            others.iter().filter_map(|new| new.request_id.as_ref().map(RequestId::as_str)).collect();
        let rows = sqlx::query(sql::EARLIER)
            .bind(&ids)
            .bind(&request_ids)
            .try_map(|row: PgRow| Ok((row.try_get::<Option<String>, _>("request_id")?, customer(&row)?)))
            .fetch_all(connection)
            .await?;
        let ids = rows.iter().map(|(_, customer)| customer.id.as_uuid()).collect();
        let by_request = rows.into_iter().filter_map(|(request_id, customer)| Some((request_id?, customer))).collect();
        Ok(Self { ids, by_request })
    }
}

fn failed(error: &sqlx::Error) -> CommitError {
    let kind = match sqlstate(error).as_deref() {
        Some(state::SERIALIZATION_FAILURE | state::DEADLOCK_DETECTED) => CommitErrorKind::Conflict,
        Some(state::DISK_FULL) => CommitErrorKind::Full,
        Some(_) if state::refused(error) => CommitErrorKind::Unavailable,
        _ => CommitErrorKind::Uncertain,
    };
    CommitError { cause: state::reason(error), kind }
}
