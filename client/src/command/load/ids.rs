//! Whom a load gets: ids from a file, from the service's own list, or of customers made for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ticketing_client::Customers;
use uuid::Uuid;

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
#[derive(Clone, Default)]
pub(crate) struct Ids {
    all: Arc<[String]>,
    /// How many customers were made for it.
    pub(crate) made: u64,
    /// Where they come from a file: the same for the same ids in any order, so that runs with others are told apart.
    pub(crate) digest: Option<String>,
}

impl Ids {
    /// The ids of a file, one a line.
    pub(crate) fn read(path: &Path) -> Result<Self, LoadFault> {
        let unreadable = |cause| LoadFault::IdsUnreadable(path.to_owned(), cause);
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
            return Err(LoadFault::IdsTooMany(path.to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut ids: Vec<_> = text.lines().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
        if ids.is_empty() {
            return Err(LoadFault::NoIds(PathBuf::from(path)));
        }
        ids.sort_unstable();
        let digest = Some(Uuid::new_v5(&Uuid::NAMESPACE_OID, ids.join("\n").as_bytes()).to_string());
        Ok(Self { all: ids.into(), made: 0, digest })
    }

    /// Those of the first page of the list, or of customers made now. Before the load a call that fails is not a result:
    /// `customers` are those that try again.
    pub(crate) async fn find(customers: &Customers) -> Result<Self, Failure> {
        let listed = customers.list(WANTED, "").await?;
        let mut ids: Vec<_> = listed.value.customers.into_iter().map(|customer| customer.id).collect();
        let mut made = 0;
        while ids.is_empty() || (made > 0 && made < MADE) {
            let request = someone();
            ids.push(customers.create(&request).await?.value.id);
            made += 1;
        }
        Ok(Self { all: ids.into(), made, digest: None })
    }

    /// One of them by chance.
    pub(crate) fn any(&self) -> &str {
        fastrand::choice(self.all.iter()).map_or("", String::as_str)
    }
}
