//! A store with the customers that were asked for last in memory. Customers never change, so none is ever stale.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use moka::future::Cache;

use super::{Created, Page, Store, StoreError};
use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};

/// The memory that cached customers may take, in bytes.
const CAPACITY: u64 = 32 << 20;

/// What a customer takes in the cache beside its names: two strings, the id, and the cache's own nodes.
const OVERHEAD: usize = 320;

/// Keeps customers that were read or created. That a customer is absent is not kept: another replica may create it.
pub struct CachedStore<S> {
    store: Arc<S>,
    customers: Cache<CustomerId, Customer>,
}

/// Why there is nothing to keep.
enum Miss {
    Absent,
    Failed(StoreError),
}

impl<S: Store> CachedStore<S> {
    /// An empty cache before `store`.
    pub fn new(store: S) -> Self {
        let customers = Cache::builder()
            .max_capacity(CAPACITY)
            .weigher(|_, customer: &Customer| {
                let bytes = customer.first_name.len() + customer.last_name.len() + OVERHEAD;
                u32::try_from(bytes).unwrap_or(u32::MAX)
            })
            .build();
        Self { store: Arc::new(store), customers }
    }
}

impl<S: Store> Store for CachedStore<S> {
    /// A customer in the cache is there at the first poll. Those who miss one id at the same time share one query.
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let (store, customers) = (Arc::clone(&self.store), self.customers.clone());
        async move {
            if let Some(customer) = customers.get(&id).await {
                return Ok(Some(customer));
            }
            let query = async {
                match store.get(id).await {
                    Ok(Some(customer)) => Ok(customer),
                    Ok(None) => Err(Miss::Absent),
                    Err(error) => Err(Miss::Failed(error)),
                }
            };
            match customers.try_get_with(id, query).await {
                Ok(customer) => Ok(Some(customer)),
                Err(miss) => match miss.as_ref() {
                    Miss::Absent => Ok(None),
                    Miss::Failed(error) => Err(error.clone()),
                },
            }
        }
        .boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        let customers = self.customers.clone();
        let created = self.store.create(new);
        async move {
            let created = created.await?;
            customers.insert(created.customer.id, created.customer.clone()).await;
            Ok(created)
        }
        .boxed()
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        self.store.list(after, size)
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.store.close()
    }
}
