//! The connections that read.
//!
//! Not sqlx's pool: it goes on trying to connect for as long as a caller may wait, gives out connections that are as dead
//! as the one before, and connects with the password that it was made with.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_std::channel::{Receiver, Sender, bounded};
use async_std::future::timeout;
use futures::future::BoxFuture;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use super::connector::{self, Connector};
use super::state;
use crate::store::StoreError;

/// With the one that writes, and one that may be on its way beside them, eight a server: twelve servers, two of them the
/// surge of a rollout, stay within the 97 that PostgreSQL grants its users by default.
pub(super) const READERS: usize = 6;

/// How long a read waits for one of the [`READERS`].
const FREE_TIMEOUT: Duration = Duration::from_millis(300);

/// How long a connection that was there already may take. It may be dead without a word (a node that vanished, a
/// balancer that forgot it): then a new one has to have time left.
const KNOWN_TIMEOUT: Duration = Duration::from_millis(200);

/// How long a connection that was just made may take.
const NEW_TIMEOUT: Duration = Duration::from_millis(500);

/// Between two attempts of a read.
const AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Attempts of a read that conflicts with what is written.
const ATTEMPTS: usize = 8;

/// How long a connection whose caller has gone may take to be of use again. The database ends its statement by then.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(1);

/// No connection is used for longer: after a failover, or a change of settings, none stays on the old for ever.
const LONGEST_LIFE: Duration = Duration::from_mins(30);

pub(super) struct Readers {
    connector: Arc<Connector>,
    /// One `()` for each connection that may be in use.
    free: (Sender<()>, Receiver<()>),
    idle: (Sender<Reader>, Receiver<Reader>),
}

struct Reader {
    connection: PgConnection,
    made: Instant,
    known: bool,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("idle", &self.idle.1.len()).finish_non_exhaustive()
    }
}

impl Readers {
    /// Nothing is connected yet.
    pub(super) fn new(connector: Arc<Connector>) -> Arc<Self> {
        let free = bounded(READERS);
        for _ in 0..READERS {
            let _ = free.0.try_send(());
        }
        Arc::new(Self { connector, free, idle: bounded(READERS) })
    }

    /// Reads on a connection that is there, and once more on a new one where that is lost or silent.
    pub(super) async fn read<T>(
        self: Arc<Self>,
        query: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, sqlx::Result<T>>,
    ) -> Result<T, StoreError> {
        let mut lease = Lease::of(&self).await?;
        for attempt in 1.. {
            let reader = lease.reader().await?;
            let limit = if reader.known { KNOWN_TIMEOUT } else { NEW_TIMEOUT };
            let known = reader.known;
            let cause = match timeout(limit, query(&mut reader.connection)).await {
                Ok(Ok(answer)) => {
                    lease.give_back();
                    return Ok(answer);
                }
                Ok(Err(error)) if state::conflicts(&error) && attempt < ATTEMPTS => {
                    log::debug!("a read is tried again: {error}");
                    async_std::task::sleep(AGAIN_AFTER).await;
                    continue;
                }
                Ok(Err(error)) if state::damaged(&error) => {
                    lease.give_back();
                    return Err(StoreError::Damaged { cause: state::reason(&error) });
                }
                Ok(Err(error)) if !state::lost(&error) => {
                    lease.give_back();
                    return Err(StoreError::Unavailable { cause: state::reason(&error) });
                }
                Ok(Err(error)) => state::reason(&error),
                Err(_) => format!("no answer within {limit:?}"),
            };
            // Whatever ended this one has most likely ended those that were made with it.
            lease.close();
            while let Ok(reader) = self.idle.1.try_recv() {
                end(reader);
            }
            if !known {
                return Err(StoreError::Unavailable { cause });
            }
            log::debug!("a read is tried again on a new connection: {cause}");
        }
        unreachable!("the last attempt returns")
    }

    /// Ends the connections; reads that come later are refused.
    pub(super) async fn close(&self) {
        self.free.0.close();
        self.idle.0.close();
        while let Ok(reader) = self.idle.1.try_recv() {
            connector::end(reader.connection).await;
        }
    }
}

fn end(reader: Reader) {
    async_std::task::spawn(connector::end(reader.connection));
}

/// The right to one connection, and that connection. A caller who goes in mid-query leaves it behind.
struct Lease {
    readers: Arc<Readers>,
    reader: Option<Reader>,
}

impl Lease {
    async fn of(readers: &Arc<Readers>) -> Result<Self, StoreError> {
        match timeout(FREE_TIMEOUT, readers.free.1.recv()).await {
            Ok(Ok(())) => Ok(Self { readers: Arc::clone(readers), reader: None }),
            Ok(Err(_)) => Err(StoreError::Unavailable { cause: "the store is closed".to_owned() }),
            Err(_) => Err(StoreError::Unavailable { cause: format!("no free connection within {FREE_TIMEOUT:?}") }),
        }
    }

    /// The connection of this lease: one that is idle, or a new one.
    async fn reader(&mut self) -> Result<&mut Reader, StoreError> {
        while self.reader.is_none() {
            let reader = match self.readers.idle.1.try_recv() {
                Ok(old) if old.made.elapsed() > LONGEST_LIFE => {
                    end(old);
                    continue;
                }
                Ok(known) => known,
                Err(_) => {
                    let connected = self.readers.connector.connect().await;
                    let connection = connected.map_err(|cause| StoreError::Unavailable { cause })?;
                    Reader { connection, made: Instant::now(), known: false }
                }
            };
            self.reader = Some(reader);
        }
        self.reader.as_mut().ok_or_else(|| StoreError::Unavailable { cause: "no connection".to_owned() })
    }

    fn give_back(mut self) {
        if let Some(reader) = self.reader.take() {
            self.readers.take_back(reader);
        }
    }

    fn close(&mut self) {
        if let Some(reader) = self.reader.take() {
            end(reader);
        }
    }
}

impl Readers {
    fn take_back(&self, reader: Reader) {
        // Refused only when the store is closed.
        if let Err(refused) = self.idle.0.try_send(Reader { known: true, ..reader }) {
            end(refused.into_inner());
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let readers = Arc::clone(&self.readers);
        let Some(mut reader) = self.reader.take() else {
            let _ = readers.free.0.try_send(());
            return;
        };
        // Its place stays taken while the database works for nobody: connections that are given up and made anew would
        // pile up there without a bound.
        async_std::task::spawn(async move {
            match timeout(RECOVERY_TIMEOUT, reader.connection.ping()).await {
                Ok(Ok(())) => readers.take_back(reader),
                _ => end(reader),
            }
            let _ = readers.free.0.try_send(());
        });
    }
}
