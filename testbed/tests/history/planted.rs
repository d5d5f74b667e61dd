//! A store in memory with a fault in it.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use ticketing_server::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};
use ticketing_server::store::{Created, MemoryStore, Page, Store, StoreError};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// One create in a thousand is acknowledged and not stored.
    Drops,
    /// One create is stored twice.
    Doubles,
    /// One create with a request id is stored again when it is sent again.
    Forgets,
    /// One walk leaves a customer out.
    Skips,
    /// One walk shows its first two customers in the other order.
    Swaps,
    /// One customer comes from nowhere.
    Invents,
    /// One customer is stored with another name than its own.
    Renames,
    /// A customer is not found once.
    Blinks,
    /// Every fiftieth create is carried out and answered with UNAVAILABLE, as if its answer got lost. No promise breaks.
    Mumbles,
}

pub(crate) struct PlantedStore {
    fault: Fault,
    sound: MemoryStore,
    creates: AtomicUsize,
    /// The number of the create from which on the fault may come.
    due: AtomicUsize,
    walks: AtomicUsize,
    gets: AtomicUsize,
}

impl PlantedStore {
    pub(crate) fn with(fault: Fault) -> Self {
        Self {
            fault,
            sound: MemoryStore::new(),
            creates: AtomicUsize::new(0),
            due: AtomicUsize::new(500),
            walks: AtomicUsize::new(0),
            gets: AtomicUsize::new(0),
        }
    }
}

impl PlantedStore {
    /// Whether the fault shall come now; the next one comes `pause` creates later at the earliest.
    fn is_due(&self, number: usize, pause: usize) -> bool {
        let next = |due: usize| (number >= due).then(|| due.saturating_add(pause));
        self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

/// Counts, and says whether now is the time for the fault.
fn is_turn(counter: &AtomicUsize, turn: usize) -> bool {
    counter.fetch_add(1, Ordering::Relaxed) == turn
}

impl Store for PlantedStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        if self.fault == Fault::Blinks && is_turn(&self.gets, 20) {
            return ready(Ok(None)).boxed();
        }
        self.sound.get(id)
    }

    fn create(&self, mut new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        // Where a request id matters, the counter waits for one.
        if self.fault == Fault::Forgets {
            let known = new.request_id.clone();
            let Some(outcome) = self.sound.create(new.clone()).now_or_never() else { unreachable!() };
            if known.is_some() && matches!(&outcome, Ok(created) if created.replayed) && is_turn(&self.creates, 0) {
                new.request_id = None;
                return self.sound.create(new);
            }
            return ready(outcome).boxed();
        }
        let number = self.creates.fetch_add(1, Ordering::Relaxed);
        // A create that has a request id may be a repeated one: whether the fault shows would be a matter of luck.
        let is_due = |after| new.request_id.is_none() && self.is_due(number, after);
        let other_name = || "Nobody".parse().expect("a name");
        match self.fault {
            Fault::Drops if is_due(1_000) => {
                let (first_name, last_name) = (new.first_name.into_string(), new.last_name.into_string());
                let customer = Customer { id: new.id, first_name, last_name };
                return ready(Ok(Created { customer, replayed: false })).boxed();
            }
            Fault::Doubles if is_due(usize::MAX) => {
                let again = NewCustomer { id: CustomerId::new(), request_id: None, ..new.clone() };
                self.sound.create(again).now_or_never();
            }
            Fault::Invents if is_due(usize::MAX) => {
                let id = CustomerId::new();
                let nobody = NewCustomer { id, first_name: other_name(), last_name: other_name(), request_id: None };
                self.sound.create(nobody).now_or_never();
            }
            Fault::Renames if is_due(usize::MAX) => new.last_name = other_name(),
            _ => {}
        }
        let outcome = self.sound.create(new);
        if self.fault == Fault::Mumbles && number.is_multiple_of(50) {
            return ready(Err(StoreError::Unavailable { cause: "on purpose".to_owned() })).boxed();
        }
        outcome
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        let page = self.sound.list(after, size);
        // The first customers have been acknowledged long before.
        let late = self.creates.load(Ordering::Relaxed) > 500 && after == Position::START && size.get() > 1;
        match self.fault {
            Fault::Skips if late && is_turn(&self.walks, 0) => change(page, |customers| {
                customers.remove(0);
            }),
            Fault::Swaps if late && is_turn(&self.walks, 0) => change(page, |customers| {
                customers.swap(0, 1);
            }),
            _ => page,
        }
    }
}

fn change(
    page: BoxFuture<'static, Result<Page, StoreError>>,
    change: fn(&mut Vec<Customer>),
) -> BoxFuture<'static, Result<Page, StoreError>> {
    let changed = move |mut page: Page| {
        change(&mut page.customers);
        page
    };
    page.map(move |page| page.map(changed)).boxed()
}
