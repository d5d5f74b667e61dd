//! Lists of customers by name: as a file has them, and as the service has them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use async_std::task::block_on;

use crate::BedError;
use crate::connect::channel_with_deadline;

const PAGE_SIZE: i32 = 1_000;
/// A page is read from disk by a server that may be busy with an import.
const PAGE_LIMIT: Duration = Duration::from_secs(10);

/// Names, each pair as often as it comes: two people may have one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<(String, String), usize>);

impl Names {
    /// The rows of a CSV file that has the columns `first_name` and `last_name`, however these are spelt.
    pub fn of_file(path: &Path) -> Result<Self, BedError> {
        let unfit = |reason: String| BedError::Customers { path: path.to_owned(), reason };
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).from_path(path).map_err(|error| unfit(error.to_string()))?;
        let headers = reader.byte_headers().map_err(|error| unfit(error.to_string()))?.clone();
        let column = |name: &str| {
            let found = headers.iter().position(|header| plain(header) == name);
            found.ok_or_else(|| unfit(format!("has no column {name}")))
        };
        let (first, last) = (column("firstname")?, column("lastname")?);
        let mut names = Self::default();
        for record in reader.byte_records() {
            let record = record.map_err(|error| unfit(error.to_string()))?;
            // As the server trims: white space of every script, which csv's own trimming does not know.
            let field = |index| String::from_utf8_lossy(record.get(index).unwrap_or_default()).trim().to_owned();
            names.add(field(first), field(last));
        }
        Ok(names)
    }

    /// All customers of the service at `address`, read page by page.
    pub fn of_service(address: SocketAddr) -> Result<Self, BedError> {
        let customers = channel_with_deadline(address, PAGE_LIMIT).customers();
        let mut names = Self::default();
        let mut token = String::new();
        loop {
            let page = block_on(customers.list(PAGE_SIZE, &token))?.value;
            page.customers.into_iter().for_each(|customer| names.add(customer.first_name, customer.last_name));
            token = page.next_page_token;
            if token.is_empty() {
                return Ok(names);
            }
        }
    }

    /// The same without those of `others`.
    #[must_use]
    pub fn without(mut self, others: &Self) -> Self {
        for (names, count) in &others.0 {
            if let Some(left) = self.0.get_mut(names) {
                *left = left.saturating_sub(*count);
            }
        }
        self.0.retain(|_, count| *count > 0);
        self
    }

    /// How many people, those of one name each counted.
    pub fn len(&self) -> usize {
        self.0.values().sum()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of the names, for an error that shall show an example.
    pub fn example(&self) -> Option<String> {
        self.0.keys().next().map(|(first, last)| format!("{first} {last}"))
    }

    fn add(&mut self, first: String, last: String) {
        *self.0.entry((first, last)).or_default() += 1;
    }
}

/// A column's name without what people write differently; the mark at the start of a file is not part of it.
fn plain(header: &[u8]) -> String {
    let text = String::from_utf8_lossy(header);
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(text: &str) -> Names {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        fs::write(&path, text).unwrap();
        Names::of_file(&path).unwrap()
    }

    #[test]
    fn people_of_one_name_are_counted_each() {
        let list =
            names("\u{feff}First Name,city,LAST-NAME\nAna,X,Li\n\u{3000}Ana\u{a0},\"Y, Z\",Li\nBo,,\"O, Jr.\"\n");
        assert_eq!(list.len(), 3);
        assert_eq!(list.without(&names("first_name,last_name\nAna,Li\nBo,\"O, Jr.\"\n")).len(), 1);
    }
}
