//! Any store, with its operations counted by outcome.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use prometheus::IntCounter;

use super::{Created, Page, Store, StoreError};
use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};
use crate::metrics::Metrics;

/// Counts what the store inside does.
pub(crate) struct ObservedStore {
    store: Arc<dyn Store>,
    get: Outcomes,
    create: Outcomes,
    list: Outcomes,
}

impl ObservedStore {
    pub(crate) fn new(store: Arc<dyn Store>, metrics: &Metrics) -> Self {
        Self {
            store,
            get: Outcomes::new(metrics, "get", &["found", "absent"]),
            create: Outcomes::new(metrics, "create", &["stored", "replayed"]),
            list: Outcomes::new(metrics, "list", &["ok"]),
        }
    }
}

impl Store for ObservedStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let outcomes = self.get.clone();
        self.store
            .get(id)
            .inspect(move |found| {
                outcomes.count(match found {
                    Ok(Some(_)) => "found",
                    Ok(None) => "absent",
                    Err(error) => error.outcome(),
                });
            })
            .boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        let outcomes = self.create.clone();
        self.store
            .create(new)
            .inspect(move |created| {
                outcomes.count(match created {
                    Ok(Created { replayed: false, .. }) => "stored",
                    Ok(Created { replayed: true, .. }) => "replayed",
                    Err(error) => error.outcome(),
                });
            })
            .boxed()
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        let outcomes = self.list.clone();
        self.store
            .list(after, size)
            .inspect(move |page| outcomes.count(page.as_ref().map_or_else(StoreError::outcome, |_| "ok")))
            .boxed()
    }
}

/// A counter for each outcome of one operation, resolved once.
#[derive(Clone)]
struct Outcomes(Arc<[(&'static str, IntCounter)]>);

impl Outcomes {
    fn new(metrics: &Metrics, operation: &str, good: &[&'static str]) -> Self {
        let names = good.iter().chain(StoreError::OUTCOMES);
        Self(names.map(|&name| (name, metrics.store(operation, name))).collect())
    }

    fn count(&self, outcome: &str) {
        if let Some((_, counter)) = self.0.iter().find(|(name, _)| *name == outcome) {
            counter.inc();
        }
    }
}
