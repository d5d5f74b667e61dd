//! Which columns a file has, and what a row of it means.

use super::records::Record;

/// As on the server: characters are Unicode scalar values, counted after trimming.
const MAX_NAME_CHARS: usize = 200;

pub(crate) const FIRST_NAME: &str = "first_name";
pub(crate) const LAST_NAME: &str = "last_name";

/// Where the two columns stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    first: usize,
    last: usize,
    count: usize,
}

/// Why a header cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderFault {
    #[error("is empty; its first line must name the columns first_name and last_name")]
    Empty,
    #[error("has no column {missing}; its first line names {found}")]
    Missing { missing: &'static str, found: String },
    #[error("has two columns {0}; remove or rename one")]
    Twice(&'static str),
}

impl Columns {
    pub(crate) fn find(header: &Record) -> Result<Self, HeaderFault> {
        let names: Vec<_> = header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let find = |wanted: &'static str| {
            let mut found = names.iter().enumerate().filter(|(_, name)| plain(name) == plain(wanted));
            match (found.next(), found.next()) {
                (Some((column, _)), None) => Ok(column),
                (Some(_), Some(_)) => Err(HeaderFault::Twice(wanted)),
                (None, _) => Err(HeaderFault::Missing { missing: wanted, found: shown(&names) }),
            }
        };
        Ok(Self { first: find(FIRST_NAME)?, last: find(LAST_NAME)?, count: names.len() })
    }
}

/// A column's name without what people write differently.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Column names for an error: on one line and not without end.
fn shown(names: &[String]) -> String {
    const MOST: usize = 200;
    let all = format!("{names:?}");
    if all.chars().count() <= MOST { all } else { all.chars().take(MOST).chain(['…']).collect() }
}

/// A row of the file.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line on which it starts.
    pub(crate) line: u64,
    pub(crate) content: Result<Names, Unfit>,
}

/// A customer's names as the server takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) first: String,
    pub(crate) last: String,
}

/// A row that makes no customer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    pub(crate) reason: String,
    /// As far as it can be told; what is no UTF-8 is replaced.
    pub(crate) first: String,
    pub(crate) last: String,
}

impl Row {
    pub(crate) fn of(record: &Record, columns: Columns) -> Self {
        let field = |column| record.get(column).unwrap_or_default();
        let (first, last) = (field(columns.first), field(columns.last));
        let content = checked(record, columns, first, last).map_err(|reason| Unfit {
            reason,
            first: String::from_utf8_lossy(first).into_owned(),
            last: String::from_utf8_lossy(last).into_owned(),
        });
        Self { line: record.line, content }
    }
}

fn checked(record: &Record, columns: Columns, first: &[u8], last: &[u8]) -> Result<Names, String> {
    let surplus = record.iter().skip(columns.count).any(|field| !field.trim_ascii().is_empty());
    // Programs leave out empty fields at the end of a row. Where a name is among what is left out, or a comma is too many,
    // words may stand under wrong columns.
    if record.len() <= columns.first.max(columns.last) || surplus {
        return Err(format!(
            "has {} fields where the header has {}; a comma inside a field needs quotes around the field",
            record.len(),
            columns.count
        ));
    }
    Ok(Names { first: name(FIRST_NAME, first)?, last: name(LAST_NAME, last)? })
}

fn name(column: &str, bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| format!("{column} is not valid UTF-8"))?.trim();
    let chars = text.chars().count();
    if chars == 0 {
        Err(format!("{column} is blank"))
    } else if chars > MAX_NAME_CHARS {
        Err(format!("{column} has {chars} characters; at most {MAX_NAME_CHARS} are allowed"))
    } else if text.contains(char::is_control) {
        Err(format!("{column} has a control character"))
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::records::Records;
    use super::*;

    fn record(line: &[u8]) -> Record {
        let mut record = Record::default();
        Records::new(line).unwrap().read(&mut record).unwrap();
        record
    }

    fn columns(header: &str) -> Result<Columns, HeaderFault> {
        Columns::find(&record(header.as_bytes()))
    }

    fn row(line: &[u8]) -> Result<Names, String> {
        let columns = columns("first_name,last_name,city").unwrap();
        Row::of(&record(line), columns).content.map_err(|unfit| unfit.reason)
    }

    #[test]
    fn columns_are_found_whatever_their_case_spacing_and_place() {
        for header in ["first_name,last_name", "First Name,LAST-NAME", " firstName ,lastname", "FIRST_NAME,last name"] {
            assert_eq!(columns(header), Ok(Columns { first: 0, last: 1, count: 2 }), "{header}");
        }
        assert_eq!(columns("id,Last Name,city,First Name"), Ok(Columns { first: 3, last: 1, count: 4 }));
    }

    #[test]
    fn a_header_without_a_column_is_refused_and_shown() {
        let fault = columns("first_name;last_name").unwrap_err().to_string();
        assert_eq!(fault, r#"has no column first_name; its first line names ["first_name;last_name"]"#);
        assert_eq!(columns("First Name,first_name,last_name"), Err(HeaderFault::Twice("first_name")));
    }

    #[test]
    fn names_are_trimmed_as_the_server_trims_them() {
        let names = row("\u{2003} Luís\u{a0},\" Gonçalves \",x".as_bytes()).unwrap();
        assert_eq!(names, Names { first: "Luís".to_owned(), last: "Gonçalves".to_owned() });
    }

    #[test]
    fn two_hundred_characters_fit_and_one_more_does_not() {
        let long = |n| format!("{},x,y", "é".repeat(n)).into_bytes();
        assert!(row(&long(200)).is_ok());
        assert_eq!(row(&long(201)), Err("first_name has 201 characters; at most 200 are allowed".to_owned()));
    }

    #[test]
    fn unfit_names_say_which_column_and_why() {
        assert_eq!(row(b"Ann,\" \t\",x"), Err("last_name is blank".to_owned()));
        assert_eq!(row(b"A\0n,x,y"), Err("first_name has a control character".to_owned()));
        assert_eq!(row(b"Ann,\xff,x"), Err("last_name is not valid UTF-8".to_owned()));
    }

    #[test]
    fn a_row_with_other_fields_than_the_header_is_unfit_but_only_where_that_may_touch_a_name() {
        assert!(row(b"Ann").unwrap_err().starts_with("has 1 fields where the header has 3"));
        assert!(row(b"Ann,Lee").is_ok(), "the city is left out, and nobody reads it");
        assert!(row(b"Ann,Lee, Jr.,Rome").unwrap_err().starts_with("has 4 fields where the header has 3"));
        assert!(row(b"Ann,Lee,Rome,, ").is_ok());
    }
}
