//! Where customers are kept: the promises, in words. `server/tests/contract/` holds every store to them.

mod memory;
mod observed;
mod sqlite;

use std::time::Duration;

use futures::future::BoxFuture;

pub use memory::MemoryStore;
pub(crate) use observed::ObservedStore;
pub use sqlite::SqliteStore;

use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};

/// A store of customers.
///
/// - A create that was answered with `Ok` is durable, and found by every later `get` and `list` on every replica.
/// - One request id makes one customer, whatever happens between attempts.
/// - `list` walks in the order of creation; a walk sees every customer that existed when it began exactly once, while
///   others insert.
pub trait Store: Send + Sync + 'static {
    /// The customer with this id, if there is one.
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>>;

    /// Stores a customer, or finds what the same request id stored before.
    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>>;

    /// The customers after a position, at most `size` of them.
    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>>;
}

/// What a create came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The customer as it is stored.
    pub customer: Customer,
    /// An earlier create with this request id stored it.
    pub replayed: bool,
}

impl Created {
    /// What a create with a known request id comes to: the earlier customer, if the names are the same.
    pub(crate) fn replay(earlier: Customer, new: &NewCustomer) -> Result<Self, StoreError> {
        let same = earlier.first_name == new.first_name.as_str() && earlier.last_name == new.last_name.as_str();
        if same { Ok(Self { customer: earlier, replayed: true }) } else { Err(StoreError::RequestIdReused) }
    }

    /// What the first create comes to.
    pub(crate) fn first(new: &NewCustomer) -> Self {
        let customer = Customer {
            id: new.id,
            first_name: new.first_name.as_str().to_owned(),
            last_name: new.last_name.as_str().to_owned(),
        };
        Self { customer, replayed: false }
    }
}

/// Some customers in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Oldest first.
    pub customers: Vec<Customer>,
    /// Where the next page begins; none when there was nothing after this one.
    pub next: Option<Position>,
}

/// Why a store could not do what it was asked; each variant is something that a caller can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The request id was used before, with other names. Nothing was stored.
    #[error("the request id was used before with other names")]
    RequestIdReused,
    /// More creates wait than the store takes. Nothing was stored.
    #[error("too many creates are waiting")]
    Overloaded {
        /// When a caller may come back.
        retry_after: Duration,
    },
    /// The store did not do it now; it may later. Nothing was stored.
    #[error("the store is unavailable: {cause}")]
    Unavailable {
        /// For the log, never for the wire.
        cause: String,
    },
}

impl StoreError {
    /// All of [`StoreError::outcome`].
    pub(crate) const OUTCOMES: &[&str] = &["reused", "overloaded", "unavailable"];

    /// As a label of metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::RequestIdReused => "reused",
            Self::Overloaded { .. } => "overloaded",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be used: not there and not makeable, not readable, not a database, not of this program.
    #[error("cannot open the store {url}: {reason}; {advice}")]
    Unusable {
        /// Without a password.
        url: String,
        /// What the database said.
        reason: String,
        /// What would do.
        advice: &'static str,
    },
}
