//! Customer lists: read by hand, written by a library.

use std::io::{BufReader, Cursor};

use crate::parsers::client::records::{Record, Records};
use crate::parsers::client::row::{Columns, Row};
use crate::parsers::server::customer::Name;
use crate::text;

/// The fields of a record, and its line.
type Line = (u64, Vec<Vec<u8>>);

/// The records of a file, each with its line, up to what is wrong with it.
fn read(bytes: &[u8], buffer: usize) -> (Vec<Line>, Option<String>) {
    let mut all = Vec::new();
    let mut records = match Records::new(BufReader::with_capacity(buffer, Cursor::new(bytes))) {
        Ok(records) => records,
        Err(fault) => return (all, Some(fault.to_string())),
    };
    let mut record = Record::default();
    loop {
        match records.read(&mut record) {
            Ok(true) => all.push((record.line, record.iter().map(<[u8]>::to_vec).collect())),
            Ok(false) => return (all, None),
            Err(fault) => return (all, Some(fault.to_string())),
        }
    }
}

/// A list is the same however it comes in from the disk; lines only grow; and a row that the client takes is one that the
/// server takes, unchanged.
pub fn csv_rows(bytes: &[u8]) {
    let whole = read(bytes, bytes.len().max(4));
    // Four bytes, since the byte order mark is looked for in what the first read brings.
    assert_eq!(whole, read(bytes, 4));
    assert!(whole.0.iter().map(|(line, _)| *line).is_sorted());

    let Ok(mut records) = Records::new(bytes) else { return };
    let mut record = Record::default();
    let Ok(true) = records.read(&mut record) else { return };
    let Ok(columns) = Columns::find(&record) else { return };
    while let Ok(true) = records.read(&mut record) {
        match Row::of(&record, columns).content {
            Ok(names) => {
                for name in [names.first, names.last] {
                    assert_eq!(name.parse::<Name>().map(Name::into_string), Ok(name));
                }
            }
            Err(unfit) => assert!(!unfit.reason.contains(char::is_control), "{}", unfit.reason),
        }
    }
}

/// What the library writes is read back as it was, so an export can be imported, and rejected rows too.
pub fn csv_round_trip(bytes: &[u8]) {
    let text = text(bytes);
    // Two fields a row, as customers have; a NUL in the input parts them.
    let fields: Vec<_> = text.split('\0').collect();
    let rows: Vec<_> = fields.chunks_exact(2).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in &rows {
        writer.write_record(*row).expect("memory takes rows of two fields");
    }
    let written = writer.into_inner().expect("memory takes what is buffered");
    if written.starts_with(b"\xFF\xFE") || written.starts_with(b"\xEF\xBB\xBF") {
        // A byte order mark is no part of what follows. Our files begin with a header.
        return;
    }
    let (read, fault) = read(&written, 16);
    assert_eq!(fault, None);
    let read: Vec<_> = read.into_iter().map(|(_, fields)| fields).collect();
    assert_eq!(
        read,
        rows.iter().map(|row| row.iter().map(|field| field.as_bytes().to_vec()).collect()).collect::<Vec<Vec<_>>>()
    );
}
