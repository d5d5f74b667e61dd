//! The way to the database. Every connection is made here, within a time limit, and while the database is away nobody
//! but one task tries: the others are told at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_std::future::timeout;
use futures::future::FutureExt as _;
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Connection as _};

use super::state;
use crate::config::PostgresUrl;

/// How long one attempt to connect may take. A read that meets a database without an answer is refused by then, and
/// several servers can say so, one after the other, within a caller's usual deadline of 3 s: Envoy asks each of them.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(400);

/// Between two attempts while the database is away. With the attempt itself it is back within a second of its return.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// How long an orderly end of a connection may take; whether the database hears it or not, it ends.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// The database itself ends a statement by then, so that one whose caller has given up holds neither lock nor
/// connection for long.
const STATEMENT_TIMEOUT_MS: &str = "1000";

pub(super) struct Connector {
    url: PostgresUrl,
    /// Why the last attempt failed; none while the database is there.
    away: Mutex<Option<String>>,
}

impl Connector {
    pub(super) fn new(url: &PostgresUrl) -> Arc<Self> {
        Arc::new(Self { url: url.clone(), away: Mutex::default() })
    }

    /// A new connection, or why there is none.
    pub(super) async fn connect(self: &Arc<Self>) -> Result<PgConnection, String> {
        if let Some(cause) = self.away().clone() {
            return Err(cause);
        }
        self.attempt().await.inspect_err(|cause| {
            if self.away().replace(cause.clone()).is_none() {
                async_std::task::spawn(until_back(Arc::downgrade(self)));
            }
        })
    }

    async fn attempt(&self) -> Result<PgConnection, String> {
        // Anew each time: a password file may have been rotated.
        let options = self.url.options().map_err(|error| state::reason(&error))?.disable_statement_logging();
        let options = options.options([("statement_timeout", STATEMENT_TIMEOUT_MS)]);
        // The way to a new connection is a future of 30 kB.
        match timeout(CONNECT_TIMEOUT, options.connect().boxed()).await {
            Ok(connected) => connected.map_err(|error| state::reason(&error)),
            Err(_) => Err(format!("no connection within {CONNECT_TIMEOUT:?}")),
        }
    }

    fn away(&self) -> MutexGuard<'_, Option<String>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tries until the database is there again, or nobody needs it any more.
async fn until_back(connector: Weak<Connector>) {
    loop {
        async_std::task::sleep(AGAIN_AFTER).await;
        let Some(connector) = connector.upgrade() else { return };
        match connector.attempt().await {
            Ok(connection) => {
                *connector.away() = None;
                return end(connection).await;
            }
            Err(cause) => *connector.away() = Some(cause),
        }
    }
}

/// Ends a connection in order, if the database still hears it.
pub(super) async fn end(connection: PgConnection) {
    let _ = timeout(END_TIMEOUT, connection.close()).await;
}
