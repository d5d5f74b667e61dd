//! Customers in memory: gone with the process, for tests and trials.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

use super::{Created, Page, Store, StoreError};
use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position, RequestId};

/// A store without a disk. Clones share their customers.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    in_order: Vec<Customer>,
    by_id: HashMap<CustomerId, usize>,
    by_request: HashMap<RequestId, usize>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // No code that holds the lock can panic half-way through a change.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn create(&mut self, new: NewCustomer) -> Result<Created, StoreError> {
        if let Some(&index) = new.request_id.as_ref().and_then(|request_id| self.by_request.get(request_id)) {
            return Created::replay(self.in_order[index].clone(), &new);
        }
        let created = Created::first(&new);
        let index = self.in_order.len();
        self.in_order.push(created.customer.clone());
        self.by_id.insert(new.id, index);
        if let Some(request_id) = new.request_id {
            self.by_request.insert(request_id, index);
        }
        Ok(created)
    }

    fn page(&self, after: Position, size: PageSize) -> Page {
        let behind = usize::try_from(after.get()).unwrap_or(usize::MAX);
        let rows = (1..).zip(&self.in_order).skip(behind);
        let rows = rows.map(|(position, customer)| (Position::from(position), customer.clone()));
        Page::of(rows.take(usize::from(size.get()) + 1).collect(), size)
    }
}

impl Store for MemoryStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let kept = self.kept();
        let found = kept.by_id.get(&id).map(|&index| kept.in_order[index].clone());
        ready(Ok(found)).boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        ready(self.kept().create(new)).boxed()
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        ready(Ok(self.kept().page(after, size))).boxed()
    }
}
