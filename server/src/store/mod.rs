//! Where customers are kept: the promises, in words. `server/tests/contract/` holds every store to them.

mod cached;
mod group_commit;
mod memory;
mod observed;
mod opening;
mod postgres;
mod sqlite;
mod version;

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _, ready};
use futures::{Stream, TryStreamExt as _};

pub use cached::CachedStore;
pub use group_commit::Writing;
pub use memory::MemoryStore;
pub(crate) use observed::ObservedStore;
pub(crate) use opening::OpeningStore;
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;

use crate::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};

/// Of ids and names on a page: a thousand usual ones take a third of it. A page whose caller does not read it waits in Envoy
/// or here, and may be asked for by many at once: as many as Envoy lets through fit into its window for a connection.
const MAX_PAGE_BYTES: usize = 160 << 10;
/// An id in its hyphenated form.
const ID_BYTES: usize = 36;

/// A store of customers.
///
/// - A create that was answered with `Ok` is durable, and found by every later `get` and `list` on every replica.
/// - One request id makes one customer, whatever happens between attempts.
/// - `list` walks in the order of creation, with fewer customers on a page where their names are long; a walk sees every customer that existed when it began exactly once, while
///   others insert.
pub trait Store: Send + Sync + 'static {
    /// The customer with this id, if there is one.
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>>;

    /// Stores a customer, or finds what the same request id stored before.
    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>>;

    /// The customers after a position, at most `size` of them.
    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>>;

    /// Ends what the store has open, in order. Operations that come later are refused.
    fn close(&self) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
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

impl Page {
    /// How many rows a store reads for a page: one more than it shows, to know whether there is a next one.
    fn rows_to_read(size: PageSize) -> i64 {
        i64::from(size.get()) + 1
    }

    /// The page from a stream of [`Page::rows_to_read`] rows, of which none is read that a full page has no use for.
    async fn read<E>(rows: impl Stream<Item = Result<(Position, Customer), E>>, size: PageSize) -> Result<Self, E> {
        let mut bytes = 0;
        let wanted = rows.try_take_while(|(_, customer)| {
            let full = bytes > MAX_PAGE_BYTES;
            bytes += bytes_of(customer);
            ready(Ok(!full))
        });
        Ok(Self::of(wanted.try_collect().await?, size))
    }

    /// The page from [`Page::rows_to_read`] rows, or fewer where there are no more. It has fewer customers than it may
    /// where their names are long, but one at least, or a walk would stand still.
    fn of(mut rows: Vec<(Position, Customer)>, size: PageSize) -> Self {
        let mut bytes = 0;
        let fits = |(_, customer): &&(Position, Customer)| {
            bytes += bytes_of(customer);
            bytes <= MAX_PAGE_BYTES
        };
        let size = rows.iter().take(size.get().into()).take_while(fits).count().max(1);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().map(|(position, _)| *position).filter(|_| more);
        Self { customers: rows.into_iter().map(|(_, customer)| customer).collect(), next }
    }
}

fn bytes_of(customer: &Customer) -> usize {
    ID_BYTES + customer.first_name.len() + customer.last_name.len()
}

/// Why a store could not do what it was asked; each variant is something that a caller can act on.
#[derive(Debug, Clone, thiserror::Error)]
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
    /// The disk of the store is full. Nothing was stored.
    #[error("the disk of the store is full: {cause}")]
    Full {
        /// For the log, never for the wire.
        cause: String,
    },
    /// The store refuses just this customer, for a reason that is not known here. Nothing was stored, and sending it again
    /// would not help.
    #[error("the store refuses this customer: {cause}")]
    Rejected {
        /// For the log, never for the wire.
        cause: String,
    },
    /// What is on the disk is damaged. Waiting does not mend it.
    #[error("the store is damaged, restore a backup: {cause}")]
    Damaged {
        /// For the log, never for the wire.
        cause: String,
    },
    /// The store did not do it now; it may later. Nothing was stored, or it was a create with a request id, which may
    /// be sent again.
    #[error("the store is unavailable: {cause}")]
    Unavailable {
        /// For the log, never for the wire.
        cause: String,
    },
    /// A create without a request id that may be stored or not; sent again, it might make a second customer.
    #[error("the outcome is unknown: {cause}")]
    OutcomeUnknown {
        /// For the log, never for the wire.
        cause: String,
    },
}

impl StoreError {
    /// All of [`StoreError::outcome`].
    pub(crate) const OUTCOMES: &[&str] =
        &["reused", "overloaded", "full", "rejected", "damaged", "unavailable", "unknown"];

    /// As a label of metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::RequestIdReused => "reused",
            Self::Overloaded { .. } => "overloaded",
            Self::Full { .. } => "full",
            Self::Rejected { .. } => "rejected",
            Self::Damaged { .. } => "damaged",
            Self::Unavailable { .. } => "unavailable",
            Self::OutcomeUnknown { .. } => "unknown",
        }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be used, and waiting would not help: a file that cannot be written or is not of this program, a
    /// password that is refused, a schema that is too new.
    #[error("cannot open the store {url}: {reason}; {advice}")]
    Unusable {
        /// Without a password.
        url: String,
        /// What the database said.
        reason: String,
        /// What would do.
        advice: &'static str,
    },
    /// It does not answer now; it may later.
    #[error("the store cannot be reached: {reason}")]
    Unreachable {
        /// What the database or the system said, without a password.
        reason: String,
    },
}
