//! Records of a CSV file (RFC 4180), read strictly, a record at a time and within bounds.
//!
//! Strictly, because a reader that forgives a wrong quote would make customers out of half a file, and customers cannot
//! be changed. Within bounds, because a quote that is never closed makes the rest of the file one field.

use std::io::{self, BufRead};

/// The most that one record may hold, in bytes. The longest valid names take 1,600.
pub(crate) const MAX_RECORD_BYTES: usize = 1 << 20;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Why a file is no CSV that can be imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordFault {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("is not UTF-8 but UTF-16: save it as UTF-8")]
    Utf16,
    #[error(
        "line {line}: a quote inside a field that does not begin with one; put the whole field in quotes and double each quote inside"
    )]
    QuoteInside { line: u64 },
    #[error(
        "line {line}: text after a closing quote; only a comma or the end of the line may follow, and quotes inside a field are doubled"
    )]
    TextAfterQuote { line: u64 },
    #[error("line {line}: a quoted field begins here and is never closed")]
    Unclosed { line: u64 },
    #[error("line {line}: a row of more than 1 MiB begins here; is a closing quote missing?")]
    TooLong { line: u64 },
}

/// One record: its fields, and where it stands.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The line on which the record starts, the first being 1.
    pub(crate) line: u64,
    bytes: Vec<u8>,
    /// Where each field ends in `bytes`.
    ends: Vec<usize>,
}

impl Record {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, field: usize) -> Option<&[u8]> {
        let end = *self.ends.get(field)?;
        let start = field.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.bytes[start..end])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|field| self.get(field))
    }

    fn end_field(&mut self) {
        self.ends.push(self.bytes.len());
    }
}

/// Reads records one after the other. Empty lines are skipped; lines end with LF, CR LF or CR.
pub(crate) struct Records<R> {
    input: R,
    machine: Machine,
}

impl<R: BufRead> Records<R> {
    /// Begins with the first record, after a byte order mark if there is one.
    pub(crate) fn new(mut input: R) -> Result<Self, RecordFault> {
        let start = input.fill_buf()?;
        if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
            return Err(RecordFault::Utf16);
        }
        if start.starts_with(BOM) {
            input.consume(BOM.len());
        }
        Ok(Self { input, machine: Machine { state: State::RecordStart, line: 1, quote_line: 1, after_cr: false } })
    }

    /// Reads the next record into `record`; false at the end of the file.
    pub(crate) fn read(&mut self, record: &mut Record) -> Result<bool, RecordFault> {
        record.bytes.clear();
        record.ends.clear();
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return self.machine.end_of_file(record);
            }
            let mut used = 0;
            let mut complete = false;
            for &byte in chunk {
                used += 1;
                complete = self.machine.step(byte, record)?;
                if complete {
                    break;
                }
            }
            self.input.consume(used);
            if complete {
                return Ok(true);
            }
            if record.bytes.len() + record.ends.len() > MAX_RECORD_BYTES {
                return Err(RecordFault::TooLong { line: record.line });
            }
        }
    }
}

#[derive(Clone, Copy)]
enum State {
    RecordStart,
    FieldStart,
    Bare,
    Quoted,
    /// After a quote in a quoted field: it closed the field, unless another one follows.
    AfterQuote,
}

struct Machine {
    state: State,
    line: u64,
    /// Where the quoted field began.
    quote_line: u64,
    /// A LF now belongs to the line end before it.
    after_cr: bool,
}

impl Machine {
    /// Takes the next byte; true if it ended the record.
    fn step(&mut self, byte: u8, record: &mut Record) -> Result<bool, RecordFault> {
        let line = self.line;
        let second_half = byte == b'\n' && self.after_cr;
        self.after_cr = byte == b'\r';
        let line_end = matches!(byte, b'\n' | b'\r');
        if line_end && !second_half {
            self.line += 1;
        }

        if matches!(self.state, State::RecordStart) {
            if line_end {
                return Ok(false);
            }
            record.line = line;
            self.state = State::FieldStart;
        }
        self.state = match (self.state, byte) {
            (State::FieldStart, b'"') => {
                self.quote_line = line;
                State::Quoted
            }
            (State::Quoted, b'"') => State::AfterQuote,
            (State::AfterQuote, b'"') | (State::Quoted, _) => {
                record.bytes.push(byte);
                State::Quoted
            }
            (_, b',') => {
                record.end_field();
                State::FieldStart
            }
            _ if line_end => {
                record.end_field();
                self.state = State::RecordStart;
                return Ok(true);
            }
            (State::AfterQuote, _) => return Err(RecordFault::TextAfterQuote { line }),
            (_, b'"') => return Err(RecordFault::QuoteInside { line }),
            _ => {
                record.bytes.push(byte);
                State::Bare
            }
        };
        Ok(false)
    }

    /// The last record may end without a line end.
    fn end_of_file(&mut self, record: &mut Record) -> Result<bool, RecordFault> {
        match std::mem::replace(&mut self.state, State::RecordStart) {
            State::RecordStart => Ok(false),
            State::Quoted => Err(RecordFault::Unclosed { line: self.quote_line }),
            State::FieldStart | State::Bare | State::AfterQuote => {
                record.end_field();
                Ok(true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn records(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, RecordFault> {
        // A tiny buffer: a record that crosses its end must read the same.
        let mut records = Records::new(BufReader::with_capacity(4, text))?;
        let mut record = Record::default();
        let mut all = Vec::new();
        while records.read(&mut record)? {
            let fields = record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
            all.push((record.line, fields));
        }
        Ok(all)
    }

    fn fields(text: &str) -> Vec<Vec<String>> {
        records(text.as_bytes()).unwrap().into_iter().map(|(_, fields)| fields).collect()
    }

    fn fault(text: &str) -> String {
        records(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn quoted_fields_may_hold_commas_quotes_and_line_ends() {
        assert_eq!(fields("a,\"b, \"\"c\"\"\nd\",e\n"), [["a", "b, \"c\"\nd", "e"]]);
    }

    #[test]
    fn empty_fields_are_fields() {
        assert_eq!(fields(",\"\",\nx"), vec![vec!["", "", ""], vec!["x"]]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_field() {
        assert_eq!(fields("\u{feff}a,b"), [["a", "b"]]);
    }

    #[test]
    fn utf_16_is_named() {
        assert!(records(b"\xff\xfea\0").unwrap_err().to_string().contains("UTF-16"));
    }

    #[test]
    fn a_record_has_the_line_that_it_starts_on_whatever_the_line_ends_are() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a", "", "\"b", "c\"", "d"].join(end);
            let lines: Vec<_> = records(text.as_bytes()).unwrap().into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, [1, 3, 5], "{end:?}");
        }
    }

    #[test]
    fn a_wrong_quote_is_a_fault_on_its_line() {
        assert!(fault("a\nb\"c").starts_with("line 2: a quote inside a field"));
        assert!(fault("a\n\"b\" c").starts_with("line 2: text after a closing quote"));
        assert!(fault("a\nb\n\"c\nd").starts_with("line 3: a quoted field begins here and is never closed"));
    }

    #[test]
    fn a_field_without_end_is_given_up_within_bounds() {
        let text = format!("a\n\"{}", "x".repeat(10 << 20));
        assert!(fault(&text).starts_with("line 2: a row of more than 1 MiB"));
    }
}
