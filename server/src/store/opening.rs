//! The way from a `DATABASE_URL` to a store that is open, and what stands in its place until then.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _, ready};

use super::{CachedStore, Created, MemoryStore, OpenError, Page, PostgresStore, SqliteStore, Store, StoreError};
use crate::config::DatabaseUrl;
use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};

/// Between two attempts to reach a database.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

impl DatabaseUrl {
    /// Opens the store. One that cannot be reached is waited for, and `waiting` is told why, also by the log, whenever
    /// the reason changes. The error is one that waiting cannot mend.
    pub(crate) async fn open(&self, waiting: impl Fn(String)) -> Result<Arc<dyn Store>, OpenError> {
        let mut told = String::new();
        loop {
            match self.try_open().await {
                Err(OpenError::Unreachable { reason }) => {
                    if told != reason {
                        // In this order: whoever has read the log finds the reason in `/readyz` too.
                        waiting(format!("waiting for the store: {reason}"));
                        log::warn!("waiting for the store: {reason}");
                        told = reason;
                    }
                    async_std::task::sleep(AGAIN_AFTER).await;
                }
                opened => return opened,
            }
        }
    }

    async fn try_open(&self) -> Result<Arc<dyn Store>, OpenError> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::new()),
            Self::Sqlite(file) => Arc::new(CachedStore::new(SqliteStore::open(file).await?)),
            Self::Postgres(url) => Arc::new(CachedStore::new(PostgresStore::open(url).await?)),
        })
    }
}

/// The store that is opened while the server runs already. Until then every operation is refused.
#[derive(Clone, Default)]
pub(crate) struct OpeningStore(Arc<OnceLock<Arc<dyn Store>>>);

impl OpeningStore {
    /// From now on operations go to `store`. A second one is not taken.
    pub(crate) fn opened(&self, store: Arc<dyn Store>) {
        let _ = self.0.set(store);
    }

    fn ask<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&dyn Store) -> BoxFuture<'static, Result<T, StoreError>>,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        match self.0.get() {
            Some(store) => operation(store.as_ref()),
            None => ready(Err(StoreError::Unavailable { cause: "it is not open yet".to_owned() })).boxed(),
        }
    }
}

impl Store for OpeningStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        self.ask(|store| store.get(id))
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        self.ask(|store| store.create(new))
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        self.ask(|store| store.list(after, size))
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.0.get().map_or_else(|| ready(()).boxed(), |store| store.close())
    }
}
