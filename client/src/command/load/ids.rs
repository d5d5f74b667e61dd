//! Whom a load gets: ids from a file, from the service's own list, or of customers made for it.

use std::path::{Path, PathBuf};

use ticketing_client::{CallError, Customers, retry_within};

use super::connections::someone;
use super::fault::LoadFault;
use crate::exit::Failure;

/// How many ids are looked for: as many as a page may have.
const WANTED: i32 = 1000;
/// How many customers are made where there are none.
const MADE: u64 = 10;
/// A file of more is not a list of ids.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Ids to get; empty only where nothing is to be got.
#[derive(Default)]
pub(crate) struct Ids {
    ids: Vec<String>,
    /// How many customers were made for it.
    pub(crate) made: u64,
}

impl Ids {
    /// The ids of a file, one a line.
    pub(crate) fn read(path: &Path) -> Result<Self, LoadFault> {
        let unreadable = |cause| LoadFault::IdsUnreadable(path.to_owned(), cause);
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
            return Err(LoadFault::IdsTooMany(path.to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let ids: Vec<_> = text.lines().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
        if ids.is_empty() { Err(LoadFault::NoIds(PathBuf::from(path))) } else { Ok(Self { ids, made: 0 }) }
    }

    /// Those of the first page of the list, or of customers made now.
    pub(crate) async fn find(customers: &Customers) -> Result<Self, Failure> {
        let listed = again(customers, async |customers| customers.list(WANTED, "").await).await?;
        let mut found = Self { ids: listed.value.customers.into_iter().map(|customer| customer.id).collect(), made: 0 };
        while found.ids.is_empty() || (found.made > 0 && found.made < MADE) {
            let request = someone();
            let made = again(customers, async |customers| customers.create(&request).await).await?;
            found.ids.push(made.value.id);
            found.made += 1;
        }
        Ok(found)
    }

    /// One of them by chance.
    pub(crate) fn any(&self) -> &str {
        fastrand::choice(&self.ids).map_or("", String::as_str)
    }
}

/// Before the load, a call that fails is not a result: it is tried again.
async fn again<T>(
    customers: &Customers,
    call: impl AsyncFn(Customers) -> Result<T, CallError>,
) -> Result<T, CallError> {
    retry_within(customers.deadline(), |left| call(customers.with_deadline(left))).await
}
