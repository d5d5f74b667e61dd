//! Batches of creates in PostgreSQL.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_std::future::timeout;
use futures::future::{BoxFuture, Either, FutureExt as _, select};
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::connector::{self, CONNECT_TIMEOUT, Connector};
use super::{customer, sql, state};
use crate::customer::{Customer, NewCustomer, RequestId};
use crate::store::Created;
use crate::store::group_commit::{CommitError, CommitErrorKind, Committer, Outcomes};

/// A commit that takes so long is given up: it may be stored or not.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// After so long without an answer, a new connection is to say whether the database is there at all. Many servers that
/// write at once wait for each other for longer, so silence alone says nothing.
const SUSPICIOUS_AFTER: Duration = Duration::from_millis(250);

/// The connection that writes, made anew after it was lost.
pub(super) struct PostgresCommitter {
    connector: Arc<Connector>,
    live: Option<PgConnection>,
}

/// What came of a batch, and a connection for the next where there is one.
struct Attempt {
    outcome: Result<Outcomes, CommitError>,
    live: Option<PgConnection>,
}

impl PostgresCommitter {
    pub(super) fn new(connector: Arc<Connector>) -> Self {
        Self { connector, live: None }
    }

    async fn connected(&mut self) -> Result<PgConnection, CommitError> {
        if let Some(live) = self.live.take() {
            return Ok(live);
        }
        let unavailable = |cause| CommitError { cause, kind: CommitErrorKind::Unavailable };
        let mut connection = self.connector.connect().await.map_err(unavailable)?;
        match timeout(CONNECT_TIMEOUT, make_durable(&mut connection)).await {
            Ok(made) => made.map_err(|error| unavailable(state::reason(&error)))?,
            Err(_) => return Err(unavailable(format!("no answer within {CONNECT_TIMEOUT:?}"))),
        }
        Ok(connection)
    }

    async fn attempt(&self, mut live: PgConnection, batch: &[NewCustomer]) -> Attempt {
        let no_answer = |cause| Err(CommitError { cause, kind: CommitErrorKind::Uncertain });
        let mut creating = create(&mut live, batch).boxed();
        let done = match timeout(SUSPICIOUS_AFTER, creating.as_mut()).await {
            Ok(done) => done,
            Err(_) => match select(creating.as_mut(), self.connector.connect().boxed()).await {
                Either::Left((done, _)) => done,
                Either::Right((Err(cause), _)) => return Attempt { outcome: no_answer(cause), live: None },
                Either::Right((Ok(other), _)) => {
                    // It is there: the batch may wait for a lock, or for the disk, and its connection may be dead.
                    let rest = ANSWER_TIMEOUT.saturating_sub(SUSPICIOUS_AFTER);
                    let answer = timeout(rest, creating.as_mut()).await;
                    async_std::task::spawn(connector::end(other));
                    let Ok(done) = answer else {
                        let cause = format!("no answer within {ANSWER_TIMEOUT:?}");
                        return Attempt { outcome: no_answer(cause), live: None };
                    };
                    done
                }
            },
        };
        drop(creating);
        match done {
            Ok(outcomes) => Attempt { outcome: Ok(outcomes), live: Some(live) },
            Err(error) => {
                let kind = state::kind(&error);
                // A database that has become read-only may have a successor elsewhere, so not after every refusal.
                let fit = matches!(kind, CommitErrorKind::Conflict | CommitErrorKind::Rejected | CommitErrorKind::Full);
                let outcome = Err(CommitError { cause: state::reason(&error), kind });
                Attempt { outcome, live: fit.then_some(live) }
            }
        }
    }
}

/// A weaker setting than ours is raised: `local`, for one, does not wait for replicas. A stronger one is left as it is.
async fn make_durable(connection: &mut PgConnection) -> sqlx::Result<()> {
    let durability: String = sqlx::query_scalar(sql::DURABILITY).fetch_one(&mut *connection).await?;
    if !matches!(durability.as_str(), "on" | "remote_apply") {
        sqlx::query(sql::BE_DURABLE).execute(connection).await?;
    }
    Ok(())
}

impl Committer for PostgresCommitter {
    fn commit<'a>(&'a mut self, batch: &'a [NewCustomer]) -> BoxFuture<'a, Result<Outcomes, CommitError>> {
        async move {
            let live = self.connected().await?;
            let attempt = self.attempt(live, batch).await;
            self.live = attempt.live;
            attempt.outcome
        }
        .boxed()
    }

    fn close(self) -> BoxFuture<'static, ()> {
        async move {
            if let Some(live) = self.live {
                connector::end(live).await;
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
