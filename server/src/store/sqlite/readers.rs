//! The connections that read, made anew when another file stands in the place of theirs.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use super::file::{FileId, log_of_another, stale};
use crate::store::StoreError;

/// Reads run beside each other and beside the writer (WAL), a thread each; more than a few gain nothing on a page cache.
const READERS: u32 = 4;

/// How long a read waits for one of the [`READERS`].
const READER_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Readers {
    file: PathBuf,
    options: SqliteConnectOptions,
    pool: Mutex<(FileId, SqlitePool)>,
}

impl Readers {
    /// Nothing is opened yet.
    pub(super) fn new(file: &Path, id: FileId, options: SqliteConnectOptions) -> Self {
        let pool = Mutex::new((id, pool(&options)));
        Self { file: file.to_owned(), options, pool }
    }

    /// The connections to the file that is there now.
    pub(super) fn pool(&self) -> Result<SqlitePool, StoreError> {
        let unavailable = |cause: String| StoreError::Unavailable { cause };
        let now = FileId::of(&self.file).map_err(|error| unavailable(format!("{}: {error}", self.file.display())))?;
        let mut known = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != now {
            if let Some(log) = log_of_another(&self.file) {
                return Err(StoreError::Damaged { cause: stale(&log) });
            }
            let (_, before) = std::mem::replace(&mut *known, (now, pool(&self.options)));
            async_std::task::spawn(async move { before.close().await });
        }
        Ok(known.1.clone())
    }

    pub(super) async fn close(&self) {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        pool.close().await;
    }
}

fn pool(options: &SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(READER_TIMEOUT).connect_lazy_with(options.clone())
}
