//! Where a part can be gone on with, a line each in the file of its state.

use std::io::{self, BufRead, Read as _};

use serde::{Deserialize, Serialize};

/// Far more than a checkpoint takes: what is longer is none.
const MAX_LINE_BYTES: u64 = 4096;

/// The end of a page that is in the part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// Customers in the part.
    pub(crate) rows: u64,
    /// The part's length.
    pub(crate) bytes: u64,
    /// The token of the page that ends here.
    pub(crate) page: String,
    /// The id of its last customer.
    pub(crate) last: String,
    /// The token of the page after it.
    pub(crate) next: String,
}

/// The last checkpoint of those that are whole and that a part of `bytes` bytes reaches, and where its line ends in
/// `lines`.
pub(crate) fn last_within(mut lines: impl BufRead, bytes: u64) -> io::Result<(Option<Checkpoint>, u64)> {
    let mut end = 0;
    let mut last = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut lines).take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\n").map(serde_json::from_slice::<Checkpoint>) {
            Some(Ok(checkpoint)) if checkpoint.bytes <= bytes => last = Some(checkpoint),
            _ => return Ok((last, end)),
        }
        end += line.len() as u64;
    }
}
