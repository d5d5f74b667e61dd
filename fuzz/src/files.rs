//! Files that an earlier run has left, or that anybody has written since.

use std::io::{BufReader, Cursor};

use crate::parsers::client::checkpoint::last_within;
use crate::parsers::client::run::{Run, merged};

/// A checkpoint lies within the part, its line within the file, and what stands behind it changes nothing.
pub fn export_state(bytes: &[u8]) {
    let (length, lines) = bytes.split_at_checked(2).unwrap_or_default();
    let length = length.try_into().map_or(u64::MAX, |length| u64::from(u16::from_be_bytes(length)));
    let read = |lines: &[u8]| last_within(BufReader::with_capacity(7, Cursor::new(lines)), length).expect("memory");
    let (last, end) = read(lines);
    assert!(end <= lines.len() as u64);
    assert!(last.as_ref().is_none_or(|checkpoint| checkpoint.bytes <= length));
    let whole = usize::try_from(end).expect("it is in memory");
    assert_eq!(read(&lines[..whole]), (last, end));
}

/// A run that is read is read again as it was written, and several can be taken as one.
pub fn saved_load(bytes: &[u8]) {
    let Ok(run) = serde_json::from_slice::<Run>(bytes) else { return };
    let written = serde_json::to_string(&run).expect("it has a form in JSON");
    serde_json::from_str::<Run>(&written).expect("what was written");
    let both = merged(&[run.clone(), run.clone()]).expect("two are not none");
    assert!(both.calls() >= run.calls());
    let _ = (both.ok(), both.failed(), both.calls_per_second(), both.latencies().at(0.99), both.listed().count());
}
