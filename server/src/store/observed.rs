//! Any store, with its operations counted by outcome, and a line in the log when it goes away and when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use prometheus::IntCounter;

use super::{Created, Page, Store, StoreError};
use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};
use crate::metrics::Metrics;

/// Counts what the store inside does.
pub(crate) struct ObservedStore<S> {
    store: S,
    get: Outcomes,
    create: Outcomes,
    list: Outcomes,
}

impl<S: Store> ObservedStore<S> {
    pub(crate) fn new(store: S, metrics: &Metrics) -> Self {
        let outcomes = |operation, good: &[_]| Outcomes::new(metrics, operation, good);
        Self {
            store,
            get: outcomes("get", &["found", "absent"]),
            create: outcomes("create", &["stored", "replayed"]),
            list: outcomes("list", &["ok"]),
        }
    }
}

impl<S: Store> Store for ObservedStore<S> {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let outcomes = self.get.clone();
        let good = |found: &Option<_>| if found.is_some() { "found" } else { "absent" };
        self.store.get(id).inspect(move |found| outcomes.count(found.as_ref().map(good))).boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        let outcomes = self.create.clone();
        let good = |created: &Created| if created.replayed { "replayed" } else { "stored" };
        self.store.create(new).inspect(move |created| outcomes.count(created.as_ref().map(good))).boxed()
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        let outcomes = self.list.clone();
        self.store.list(after, size).inspect(move |page| outcomes.count(page.as_ref().map(|_| "ok"))).boxed()
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.store.close()
    }
}

/// A counter for each outcome of one operation, resolved once.
#[derive(Clone)]
struct Outcomes {
    operation: &'static str,
    counters: Arc<[(&'static str, IntCounter)]>,
    /// The last outcome was a fault of the store. Read by every operation, written only when it changes.
    faulty: Arc<AtomicBool>,
}

impl Outcomes {
    fn new(metrics: &Metrics, operation: &'static str, good: &[&'static str]) -> Self {
        let names = good.iter().chain(StoreError::OUTCOMES);
        let counters = names.map(|&name| (name, metrics.store(operation, name))).collect();
        Self { operation, counters, faulty: Arc::default() }
    }

    fn count(&self, outcome: Result<&'static str, &StoreError>) {
        self.tell(outcome.err());
        let outcome = outcome.unwrap_or_else(StoreError::outcome);
        if let Some((_, counter)) = self.counters.iter().find(|(name, _)| *name == outcome) {
            counter.inc();
        }
    }

    /// A fault is told once, not for each caller.
    fn tell(&self, error: Option<&StoreError>) {
        let fault = error.filter(|error| !matches!(error, StoreError::RequestIdReused | StoreError::Overloaded { .. }));
        if fault.is_some() != self.faulty.load(Ordering::Relaxed) {
            self.faulty.store(fault.is_some(), Ordering::Relaxed);
            match fault {
                Some(fault) => log::error!("{} fails: {fault}", self.operation),
                None => log::info!("{} works again", self.operation),
            }
        }
    }
}
